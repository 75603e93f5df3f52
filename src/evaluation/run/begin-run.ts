/** Whether a folder may hold a run: a new one, or the same one going on. */
import { ZeroovError } from '../../errors.ts';
import { countDone, entryOf, journalOf, type Provider } from './entry.ts';
import { cutTornTail, readJournal } from './journal.ts';
import { differences, findManifest, type Manifest, writeManifest } from './manifest.ts';

/** In a sentence there is room for so many; the rest is counted. */
const SHOWN = 6;

/**
 * Makes the folder ready for samples: writes the manifest of a new run, compares that of one with samples, and cuts off what a
 * crash left of the journal's last line. To be called with the folder locked.
 *
 * @param provider where the networks are to run; undefined: where they ran before
 * @returns where they run, undefined as long as that is open
 * @throws RUN_DIFFERENT with every field that differs, RUN_CORRUPT, OUTPUT_WRITE
 */
export async function beginRun(
  run: string,
  { manifest, provider }: { readonly manifest: Manifest; readonly provider: Provider | undefined },
): Promise<Provider | undefined> {
  const before = await findManifest(run);
  await cutTornTail(journalOf(run));
  const { done } = await countDone(run);
  if (!before && done > 0) {
    const reason = 'has no manifest.json beside it';
    throw new ZeroovError('RUN_CORRUPT', { file: journalOf(run), reason });
  }
  if (!before || done === 0) {
    await writeManifest(run, manifest);
    return provider;
  }
  const ran = await providerBefore(run);
  const differing = differences(before, manifest);
  if (provider && ran && provider !== ran)
    differing.push(`provider: ${ran} before, ${provider} now`);
  if (differing.length > 0) throw different(run, differing);
  return ran ?? provider;
}

/** @returns RUN_DIFFERENT */
export function different(run: string, differing: readonly string[]): ZeroovError {
  const more = differing.length - SHOWN;
  const shown = differing.slice(0, SHOWN).join('; ') + (more > 0 ? `; and ${more} more` : '');
  return new ZeroovError('RUN_DIFFERENT', { run, differences: shown });
}

/** Where the networks of a run ran so far. */
export async function providerBefore(run: string): Promise<Provider | undefined> {
  for await (const line of readJournal(journalOf(run))) {
    const provider = line && entryOf(line).provider;
    if (provider) return provider;
  }
  return undefined;
}
