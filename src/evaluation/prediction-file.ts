/** A file of predictions: checked as a whole when it is opened, then read sample by sample. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { readBytes, systemCode } from '../checkpoint/regular-file.ts';
import { ZeroovError } from '../errors.ts';
import { decodeLine, type Place, readLines } from './lines.ts';
import { parsePrediction } from './prediction-line.ts';
import type { Prediction } from './sample.ts';

interface Found extends Place {
  readonly line: number;
}

export interface Located {
  readonly prediction: Prediction;
  readonly line: number;
}

export class PredictionFile {
  private constructor(
    private readonly file: string,
    private readonly handle: FileHandle,
    private readonly index: ReadonlyMap<string, Found>,
    /** Whether any line has a box, or a mask. */
    readonly has: { readonly box: boolean; readonly mask: boolean },
  ) {}

  /**
   * @param ids of all samples there are; a line about another one is refused
   * @throws PREDICTIONS_UNREADABLE; PREDICTION_INVALID for the first line that is refused
   */
  static async open(file: string, ids: ReadonlySet<string>): Promise<PredictionFile> {
    const handle = await openFile(file);
    try {
      const index = new Map<string, Found>();
      const has = { box: false, mask: false };
      for await (const { number: line, text, position, length } of readLines(handle)) {
        const { id, box, mask } = parsePrediction(text, { file, line });
        const reason = faultOfId(id, { ids, index });
        if (reason) throw new ZeroovError('PREDICTION_INVALID', { file, line, reason });
        index.set(id, { line, position, length });
        has.box ||= box !== null;
        has.mask ||= mask !== null;
      }
      return new PredictionFile(file, handle, index, has);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Null where the file has no line for it. @throws PREDICTION_INVALID when the file has changed */
  async read(id: string): Promise<Located | null> {
    const found = this.index.get(id);
    if (!found) return null;
    const { file } = this;
    const { line } = found;
    const bytes = await readBytes(this.handle, found);
    const prediction = parsePrediction(decodeLine(bytes), { file, line });
    return { prediction, line };
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

async function openFile(file: string): Promise<FileHandle> {
  // Without O_NONBLOCK, opening a pipe would wait for its writer.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  const handle = await open(file, flags).catch((error: unknown) => {
    throw new ZeroovError('PREDICTIONS_UNREADABLE', { file, reason: systemCode(error) });
  });
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new ZeroovError('PREDICTIONS_UNREADABLE', { file, reason: 'it is no regular file' });
}

function faultOfId(
  id: string,
  { ids, index }: { ids: ReadonlySet<string>; index: ReadonlyMap<string, Found> },
): string | null {
  const said = JSON.stringify(id.slice(0, 80));
  const before = index.get(id);
  if (before) return `the id ${said} has line ${before.line} already`;
  return ids.has(id) ? null : `the dataset has no sample ${said}`;
}
