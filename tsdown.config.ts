import { defineConfig } from 'tsdown';

/** One output file a source file, so that the worker and the demo set are found beside the code that names them. */
export default defineConfig({
  entry: ['src/index.ts', 'src/cli/main.ts', 'src/runtime/worker.ts'],
  format: 'esm',
  platform: 'node',
  target: 'node20',
  unbundle: true,
  dts: true,
  clean: true,
  fixedExtension: false,
});
