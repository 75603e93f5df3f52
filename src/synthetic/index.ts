/** Scenes with exact truth: what other rooms may use. */
export { CATEGORIES, CATEGORY_NAMES, type CategoryName } from './categories.ts';
export { referents } from './check.ts';
export { COLOUR_NAMES, type ColourName } from './colours.ts';
export type { Expression } from './expressions.ts';
export {
  type Box,
  makeScene,
  type Scene,
  type SceneObject,
  type SceneOptions,
  type SizeClass,
} from './scene.ts';
export { drawSheet } from './sheet.ts';
export { KINDS, type Kind, STAGES, type Stage, type StageName } from './stages.ts';
export { type WriteOptions, type Written, writeScenes } from './write.ts';
