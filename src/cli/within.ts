/** `--within`: the part of a scene that a search is kept to. */
import { readJson } from '../checkpoint/json-file.ts';
import { ZeroovError } from '../errors.ts';
import { AREA_SCHEMA, areaFromGeoJson } from '../geo/area-from-geojson.ts';
import type { Scene } from '../imagery/scene.ts';
import type { Window } from '../imagery/window.ts';
import type { Part } from '../pipeline/scene-part.ts';
import type { Box } from '../tensor/image.ts';
import { numbers } from './parse.ts';

const GEOJSON = 'a GeoJSON file that holds only polygons, in degrees of longitude and latitude';
const NOWHERE: Box = [0, 0, 0, 0];

/** The box or polygon of `--within`, and what it says. @throws OPTION_INVALID for what does not lie in the scene */
export async function partAsked(
  scene: Scene,
  within: string | undefined,
): Promise<{ readonly part: Part | null; readonly area: unknown }> {
  if (within === undefined) return { part: null, area: null };
  const refuse = (expected: string) =>
    new ZeroovError('OPTION_INVALID', { option: '--within', expected, got: within });
  if (!/\.(geo)?json$/i.test(within)) {
    const [x1, y1, x2, y2, ...more] = numbers('--within')(within);
    if (y2 === undefined || more.length > 0) throw refuse('x1,y1,x2,y2 or a .geojson file');
    const box = [x1!, y1!, x2!, y2] as const;
    return { part: { window: insideOf(scene, box, refuse) }, area: box };
  }
  if (!scene.place)
    throw refuse(`a box in pixels, since the picture has no place (${scene.placeProblem})`);
  const document = await readJson({ file: within, schema: AREA_SCHEMA }).catch((error: unknown) => {
    throw error instanceof ZeroovError ? refuse(GEOJSON) : error;
  });
  const part = areaFromGeoJson(document, scene.place);
  const window = insideOf(scene, part?.bounds ?? NOWHERE, refuse);
  return { part: { window, contains: (x, y) => part!.contains([x, y]) }, area: document };
}

function insideOf(
  scene: Scene,
  [x1, y1, x2, y2]: Box,
  refuse: (expected: string) => ZeroovError,
): Window {
  const clip = (value: number, side: number) => Math.min(side, Math.max(0, value));
  const [x, y] = [Math.floor(clip(x1, scene.widthPx)), Math.floor(clip(y1, scene.heightPx))];
  const widthPx = Math.ceil(clip(x2, scene.widthPx)) - x;
  const heightPx = Math.ceil(clip(y2, scene.heightPx)) - y;
  if (widthPx > 0 && heightPx > 0) return { x, y, widthPx, heightPx };
  throw refuse(`an area within the scene's ${scene.widthPx} × ${scene.heightPx} px`);
}
