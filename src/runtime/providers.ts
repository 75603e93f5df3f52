/** Which providers could start on this machine, told without starting them: a failed start of a native library prints. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Provider } from './messages.ts';

/** In the order `auto` tries them. */
export const PROVIDERS: readonly Provider[] = ['cuda', 'webgpu', 'cpu'];

/** Why a provider cannot start here; undefined when it may. `auto` skips what has a reason, a named provider is tried. */
export function whyNot(provider: Provider): string | undefined {
  if (provider === 'cuda' && !existsSync(join(bindings(), 'libonnxruntime_providers_cuda.so'))) {
    return 'onnxruntime-node is installed without its CUDA libraries';
  }
  if (provider === 'webgpu' && process.platform === 'linux' && !hasLibrary('libvulkan.so.1')) {
    return 'no Vulkan driver (libvulkan.so.1)';
  }
  return undefined;
}

function bindings(): string {
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  return join(root, 'bin', 'napi-v6', process.platform, process.arch);
}

function hasLibrary(name: string): boolean {
  const multiarch = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  const system = ['/lib', '/lib64', '/usr/lib', '/usr/lib64', '/usr/local/lib'];
  const named = (process.env.LD_LIBRARY_PATH ?? '').split(':').filter(Boolean);
  return [...named, ...system, ...system.map((folder) => `${folder}/${multiarch}`)].some((folder) =>
    existsSync(join(folder, name)),
  );
}
