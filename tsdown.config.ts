import { defineConfig } from 'tsdown';

/** One output file a source file, so that worker, decoder and demo set are found beside the code that names them. */
export default defineConfig({
  entry: [
    'src/index.ts',
    'src/cli/main.ts',
    'src/runtime/worker.ts',
    'src/imagery/decode/child.ts',
  ],
  format: 'esm',
  platform: 'node',
  target: 'node20',
  unbundle: true,
  dts: true,
  clean: true,
  fixedExtension: false,
});
