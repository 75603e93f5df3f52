import { expect, it } from 'vitest';
import { apply, invert } from './affine.ts';
import { areaFromGeoJson } from './area-from-geojson.ts';
import { placeOf } from './places.fixture.ts';

it('keeps the edges of a polygon on its parallels, however long they are', () => {
  // UTM 17 N, whose middle meridian is -81: half way along, the parallel lies south of the straight line between its ends.
  const size = { widthPx: 900, heightPx: 700 };
  const place = placeOf({ epsg: 32617, affine: [2, 0, 500_000, 0, -2, 4_000_000], size });
  const pixel = (longitude: number, latitude: number) =>
    apply(invert(place.affine), place.crs.fromLonLat([longitude, latitude]));
  const ring = [
    [-88, 30],
    [-74, 30],
    [-74, 36.14],
    [-88, 36.14],
    [-88, 30],
  ];
  const area = areaFromGeoJson({ type: 'Polygon', coordinates: [ring] } as never, place);
  // A thousandth of a degree is 111 m.
  expect(area.contains(pixel(-81, 36.139))).toBe(true);
  expect(area.contains(pixel(-81, 36.141))).toBe(false);
});
