/**
 * What an expression tells its object apart by, told from its words where the dataset has no label of its own. English only.
 * The rules are documented in docs/reference/metrics.md.
 */
export const KINDS = ['attribute', 'image-relative', 'object-relative'] as const;
export type ExpressionKind = (typeof KINDS)[number];

const PICTURE = 'image|picture|photo|photograph|scene|frame|view|map|screen';
const PLACE =
  'left|right|top|bottom|upper|lower|middle|cent(?:er|re|ral)|corner|leftmost|rightmost|topmost|bottommost|uppermost|lowermost|(?:north|south|east|west)\\w*';
const RELATION =
  'next to|beside|near|nearest(?: to)?|closest(?: to)?|close to|adjacent to|between|among|above|below|under|underneath|beneath|behind|in front of|opposite|across from|along|around|alongside|surrounded by|surrounding|inside|within|outside|over|connected to|attached to|parallel to|away from|far from';

/** Before what is no other object: the picture, a place in it, or a shape. */
const OTHER = `(?!(?:(?:the|a|an|this|very|far|most|entire|whole) )*(?:${PICTURE}|${PLACE}|edge|side|shape|form|colou?r)\\b)\\w`;

const OBJECT_RELATIVE = new RegExp(
  [
    `\\b(?:${PLACE}|side|edge|end|part) of ${OTHER}`, // on the left side of the pier
    `\\b(?:${RELATION}) ${OTHER}`, // next to a ship
    `\\b(?:in|on|at|by) (?=(?:the|a|an) )${OTHER}`, // on the bridge
  ].join('|'),
);
const IMAGE_RELATIVE = new RegExp(`\\b(?:${PLACE}|${PICTURE})\\b`);

/** `object-relative` where another object is named, else `image-relative` where a place in the picture is, else `attribute`. */
export function kindOfExpression(expression: string): ExpressionKind {
  const words = expression.toLowerCase().replace(/[^a-z0-9]+/g, ' ');
  if (OBJECT_RELATIVE.test(words)) return 'object-relative';
  return IMAGE_RELATIVE.test(words) ? 'image-relative' : 'attribute';
}
