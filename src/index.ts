/** The public names of zeroov, and nothing else. docs/guides/library.md shows them at work. */
export { ERRORS, type ErrorClass, type ErrorCode, ZeroovError } from './errors.ts';
export { type OpenedImage, openImage } from './imagery/open.ts';
export { openScene, type Scene } from './imagery/scene.ts';
export type { Grounding } from './pipeline/ground.ts';
export type { SceneGrounding } from './pipeline/ground-scene.ts';
export { createGrounder, type Grounder, type GrounderOptions } from './pipeline/grounder.ts';
export type { Maps } from './pipeline/mask.ts';
export {
  type GroundOptions,
  type MethodOptions,
  PAPER,
  PRESETS,
  type PresetName,
} from './pipeline/presets.ts';
export { RESULT_SCHEMA, type ResultRecord, recordOf } from './pipeline/record.ts';
export type { Region } from './pipeline/scene-regions.ts';
export type { Progress, Stage } from './pipeline/watch.ts';
export type { Provider, ProviderChoice } from './runtime/runtime.ts';
export type { Box, Mask, RgbImage } from './tensor/image.ts';
export type { CocoRle } from './tensor/rle.ts';
export type { Float32Tensor } from './tensor/tensor.ts';
