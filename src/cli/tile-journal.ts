/**
 * What the networks said of a scene's tiles, kept in the output folder while a search runs: a search that was cut off goes on
 * with `--resume`, and memory does not grow with the scene.
 */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ZeroovError } from '../errors.ts';
import {
  appendLine,
  cutTornTail,
  encodeLine,
  type JournalLine,
  readJournal,
  readLineAt,
} from '../evaluation/run/journal.ts';
import { withRunLock } from '../evaluation/run/run-lock.ts';
import type { TileMemory, TileSaying } from '../pipeline/tile-memory.ts';
import type { OutputTarget } from './output-target.ts';

/** Inside the output folder, one for each file that a search makes alone; gone once the search's result is there. */
export function searchFolder(folder: string, file: OutputTarget['file']): string {
  return join(folder, file ? `.zeroov-search-${file.name}` : '.zeroov-search');
}

/** Everything that can change what a tile's maps are, by name: JSON data. */
export type Searched = Readonly<Record<string, unknown>>;

export interface SearchJournal {
  readonly memory: TileMemory;
  /** Tiles that a search before this one had done. */
  readonly before: number;
}

const HEAD = z.strictObject({ searched: z.record(z.string(), z.unknown()) });
const LINE = z.strictObject({
  key: z.string(),
  said: z
    .strictObject({
      height: z.int().min(1),
      width: z.int().min(1),
      /** float64, little endian, base64. */
      layers: z.array(z.base64()),
      valid: z.base64().nullable(),
    })
    .nullable(),
});

/**
 * Runs a search that writes down every tile. With `resume` it begins with what was written down by one of the same `searched`;
 * else that is dropped. What is written stays if the search fails.
 *
 * @throws RUN_DIFFERENT, RUN_LOCKED, OUTPUT_WRITE, and what `search` throws
 */
export async function withSearchJournal<T>(
  { folder, searched, resume }: { folder: string; searched: Searched; resume: boolean },
  search: (journal: SearchJournal) => Promise<T>,
): Promise<T> {
  const path = join(folder, 'tiles.jsonl');
  return withRunLock(folder, async () => {
    if (!resume) await rm(path, { force: true });
    await cutTornTail(path);
    const known = await knownLines(path, { folder, searched });
    if (!known) {
      await rm(path, { force: true });
      await appendLine(path, { searched });
    }
    const lines = known ?? new Map<string, JournalLine>();
    const handle = await open(path, 'r');
    try {
      const memory = memoryIn({ path, handle, lines });
      return await search({ memory, before: lines.size });
    } finally {
      await handle.close();
    }
  });
}

/** Removes what a search wrote down: its result is in place. */
export async function dropSearchJournal(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Where each tile's line is; null where nothing was begun. A line that is not whole is as if it had not been written. */
async function knownLines(
  path: string,
  { folder, searched }: { folder: string; searched: Searched },
): Promise<Map<string, JournalLine> | null> {
  let lines: Map<string, JournalLine> | null = null;
  for await (const line of readJournal(path)) {
    if (!line) continue;
    if (lines) {
      lines.set(LINE.parse(line.value).key, { ...line, value: null });
      continue;
    }
    const head = HEAD.safeParse(line.value);
    if (!head.success) return null; // the line before was it, and is damaged
    const differing = differences(head.data.searched, searched);
    if (differing.length > 0) {
      throw new ZeroovError('RUN_DIFFERENT', { run: folder, differences: differing.join(', ') });
    }
    lines = new Map();
  }
  return lines;
}

function differences(before: Searched, now: Searched): string[] {
  const said = (searched: Searched) => JSON.parse(JSON.stringify(searched)) as Searched;
  const [then, today] = [before, said(now)];
  const names = new Set([...Object.keys(then), ...Object.keys(today)]);
  return [...names].filter((name) => JSON.stringify(then[name]) !== JSON.stringify(today[name]));
}

interface Journal {
  readonly path: string;
  /** Of the same file, for reading. */
  readonly handle: FileHandle;
  readonly lines: Map<string, JournalLine>;
}

function memoryIn({ path, handle, lines }: Journal): TileMemory {
  return {
    recall: async (key) => {
      const line = lines.get(key);
      if (!line) return undefined;
      const { said } = LINE.parse(await readLineAt(handle, line));
      return said && decode(said);
    },
    keep: async (key, saying) => {
      const value: z.infer<typeof LINE> = { key, said: saying && encode(saying) };
      const { size } = await handle.stat();
      await appendLine(path, value);
      const length = Buffer.byteLength(JSON.stringify(value));
      const head = encodeLine(value).length - length - 1; // the line break ends it
      lines.set(key, { value: null, position: size + head, length });
    },
  };
}

type Said = NonNullable<z.infer<typeof LINE>['said']>;

function encode({ height, width, layers, valid }: TileSaying): Said {
  const base64 = ({ buffer, byteOffset, byteLength }: Float64Array | Uint8Array) =>
    Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  return { height, width, layers: layers.map(base64), valid: valid && base64(valid) };
}

function decode({ height, width, layers, valid }: Said): TileSaying {
  const bytes = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64'));
  return {
    height,
    width,
    layers: layers.map((layer) => new Float64Array(bytes(layer).buffer)),
    valid: valid === null ? null : bytes(valid),
  };
}
