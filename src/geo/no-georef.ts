/**
 * Why something has no place on the Earth. A result, no error: masks and boxes stay in pixels, and coordinates are never
 * made up.
 */
export interface NoGeoref {
  /** What is missing or wrong, to follow "no georeference: ". */
  readonly noGeoref: string;
}

export const noGeoref = (reason: string): NoGeoref => ({ noGeoref: reason });

export function isPlaced<T extends object>(result: T | NoGeoref): result is T {
  return !('noGeoref' in result);
}
