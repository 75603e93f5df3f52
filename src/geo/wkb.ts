import { type Bounds, boundsOf, type Polygon, ringsOf } from './polygon.ts';

const LITTLE_ENDIAN = 1;
const WKB_POLYGON = 3;
/** Magic "GP", version 0, flags: little-endian, envelope of four numbers. */
const GEOPACKAGE_HEADER = [0x47, 0x50, 0, 0b11];
const HEADER_BYTES = 8 + 4 * 8;

/**
 * A polygon as a GeoPackage blob: header with its envelope, then well-known binary (OGC 12-128r18, 2.1.3). Rings are
 * closed by writing their first point again.
 */
export function encodeGeometry(polygon: Polygon, srsId: number): Uint8Array {
  const rings = ringsOf(polygon);
  const points = rings.reduce((sum, ring) => sum + ring.length + 1, 0);
  const bytes = new Uint8Array(HEADER_BYTES + 9 + 4 * rings.length + 16 * points);
  const view = new DataView(bytes.buffer);
  let at = writeHeader(view, srsId, boundsOf(polygon.outer));
  view.setUint8(at, LITTLE_ENDIAN);
  view.setUint32(at + 1, WKB_POLYGON, true);
  view.setUint32(at + 5, rings.length, true);
  at += 9;
  for (const ring of rings) {
    view.setUint32(at, ring.length + 1, true);
    at += 4;
    for (const [x, y] of [...ring, ring[0]!]) {
      view.setFloat64(at, x, true);
      view.setFloat64(at + 8, y, true);
      at += 16;
    }
  }
  return bytes;
}

function writeHeader(view: DataView, srsId: number, [x1, y1, x2, y2]: Bounds): number {
  new Uint8Array(view.buffer).set(GEOPACKAGE_HEADER);
  view.setInt32(4, srsId, true);
  for (const [i, value] of [x1, x2, y1, y2].entries()) view.setFloat64(8 + 8 * i, value, true);
  return HEADER_BYTES;
}
