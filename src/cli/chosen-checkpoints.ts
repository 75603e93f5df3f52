/** The checkpoints that flags name; the demo set where they name none. */
import { throwIfAborted, ZeroovError } from '../errors.ts';
import { whyNot } from '../runtime/providers.ts';
import type { ProviderChoice } from '../runtime/runtime.ts';
import { type DemoSet, demoSet } from './demo-set.ts';
import { offerIfMissing } from './pull.ts';
import type { Terminal } from './terminal.ts';

export type CheckpointFlags = Readonly<Partial<DemoSet>>;

/**
 * @param about.refines whether a SAM is needed
 * @throws OPTION_INVALID where there is no demo set; CHECKPOINT_NOT_FOUND, CANCELLED
 */
export async function chooseCheckpoints(
  { vlm, diffusion, sam }: CheckpointFlags,
  about: { readonly terminal: Terminal; readonly signal: AbortSignal; readonly refines: boolean },
): Promise<CheckpointFlags> {
  const { terminal, signal, refines } = about;
  const named = vlm !== undefined || diffusion !== undefined;
  const demo = named ? null : requireDemoSet(terminal);
  const chosen = demo
    ? { ...demo, sam: sam ?? (refines ? demo.sam : undefined) }
    : { vlm, diffusion, sam };
  for (const id of Object.values(chosen)) {
    if (id !== undefined) await offerIfMissing(terminal, { id, signal });
  }
  throwIfAborted(signal);
  return chosen;
}

function requireDemoSet(terminal: Terminal): DemoSet {
  const demo = demoSet();
  if (!demo) {
    throw new ZeroovError('OPTION_INVALID', {
      option: '--vlm and --diffusion',
      expected:
        'checkpoints (folders or hub ids, e.g. Qwen/Qwen2.5-VL-7B-Instruct and CompVis/stable-diffusion-v1-4), since this copy has no demo set',
      got: 'none',
    });
  }
  terminal.note(
    'using the demo set, which knows synthetic scenes only; for real imagery give --vlm and --diffusion',
  );
  return demo;
}

/** Known beforehand, it is said in one sentence; a failed start prints what the native library has to say. */
export function assertMayStart(provider: ProviderChoice | undefined): void {
  const reason = provider && provider !== 'auto' && whyNot(provider);
  if (reason) throw new ZeroovError('PROVIDER_UNAVAILABLE', { provider, reason });
}
