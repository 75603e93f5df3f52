/** `--within`: the part of a scene that a search is kept to. */
import { readJson } from '../checkpoint/json-file.ts';
import { humanBytes, ZeroovError } from '../errors.ts';
import { AREA_SCHEMA, areaFromGeoJson } from '../geo/area-from-geojson.ts';
import type { Scene } from '../imagery/scene.ts';
import type { Window } from '../imagery/window.ts';
import type { Part } from '../pipeline/scene-part.ts';
import type { Box } from '../tensor/image.ts';
import { numbers } from './parse.ts';

const GEOJSON = 'a GeoJSON file that holds only polygons, in degrees of longitude and latitude';
const NOWHERE: Box = [0, 0, 0, 0];
const MAX_BYTES = 64 * 2 ** 20;

/** The box or polygon of `--within`, and all that says which pixels it means. @throws OPTION_INVALID for what does not lie in the scene */
export async function partAsked(
  scene: Scene,
  within: string | undefined,
): Promise<{ readonly part: Part | null; readonly area: unknown }> {
  if (within === undefined) return { part: null, area: null };
  const refuse = (expected: string, got = within) =>
    new ZeroovError('OPTION_INVALID', { option: '--within', expected, got });
  if (!/\.(geo)?json$/i.test(within)) {
    const [x1, y1, x2, y2, ...more] = numbers('--within')(within);
    if (y2 === undefined || more.length > 0) throw refuse('x1,y1,x2,y2 or a .geojson file');
    const box = [x1!, y1!, x2!, y2] as const;
    return { part: { window: insideOf(scene, box, refuse) }, area: box };
  }
  if (!scene.place)
    throw refuse(`a box in pixels, since the picture has no place (${scene.placeProblem})`);
  const { place } = scene;
  const source = { file: within, schema: AREA_SCHEMA, limit: MAX_BYTES };
  const document = await readJson(source).catch((error: unknown) => {
    throw error instanceof ZeroovError
      ? refuse(GEOJSON, `${within} (${whatIsWrong(error)})`)
      : error;
  });
  const part = areaFromGeoJson(document, place);
  const window = insideOf(scene, part?.bounds ?? NOWHERE, refuse);
  const area = { document, affine: place.affine, crs: place.crs.definition };
  return { part: { window, contains: (x, y) => part!.contains([x, y]) }, area };
}

function whatIsWrong({ code, fields }: ZeroovError): string {
  if (code === 'CHECKPOINT_FILE_MISSING') return 'there is no such file';
  if (code === 'FILE_TOO_LARGE') return `it is larger than ${humanBytes(MAX_BYTES)}`;
  return String((fields as { reason?: string }).reason ?? code);
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
