/**
 * Every error of zeroov in one table: code → class and sentence. The class decides the exit status and the HTTP status.
 *
 * A sentence says what, which one, expected, got, and what to try. docs/reference/errors.md lists every code and a
 * contract test fails when it misses one, or when no test reaches one.
 */

/** Error classes with exit status, HTTP status, and whether the same call may succeed later. */
export const ERROR_CLASSES = {
  UsageError: { exit: 2, http: 400, retryable: false },
  InputRejected: { exit: 3, http: 422, retryable: false },
  ModelRejected: { exit: 4, http: 503, retryable: false },
  PartialFailure: { exit: 5, http: 200, retryable: false },
  ResourceExhausted: { exit: 6, http: 503, retryable: true },
  Locked: { exit: 7, http: 503, retryable: true },
  ResumeRefused: { exit: 8, http: 409, retryable: false },
  StoreCorrupt: { exit: 9, http: 503, retryable: false },
  NumericFailure: { exit: 10, http: 503, retryable: false },
  WorkerCrashed: { exit: 11, http: 503, retryable: true },
  InternalError: { exit: 70, http: 500, retryable: false },
  Cancelled: { exit: 130, http: 499, retryable: true },
} as const;

export type ErrorClass = keyof typeof ERROR_CLASSES;

interface Row<Fields> {
  readonly class: ErrorClass;
  readonly sentence: (fields: Fields) => string;
}

const row = <Fields>(cls: ErrorClass, sentence: (fields: Fields) => string): Row<Fields> => ({
  class: cls,
  sentence,
});

/** Bytes as people read them: 1536 → "1.5 kB". */
export function humanBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${units[unit]}`;
}

export const ERRORS = {
  // ── usage ─────────────────────────────────────────────────────────────────────────────────────────────────────
  OPTION_INVALID: row<{ option: string; expected: string; got: string }>(
    'UsageError',
    (f) => `${f.option}: expected ${f.expected}, got ${f.got}; see "zeroov help"`,
  ),
  USAGE: row<{ reason: string }>('UsageError', (f) => `${f.reason}; see "zeroov help"`),
  EXPRESSION_EMPTY: row<object>(
    'UsageError',
    () => 'the expression is empty; say what to look for, e.g. "the white ship next to the pier"',
  ),
  EXPRESSION_TOO_LONG: row<{ length: number; limit: number }>(
    'UsageError',
    (f) =>
      `the expression has ${f.length} characters, the limit is ${f.limit}; shorten it to what tells the object apart`,
  ),
  PROVIDER_UNAVAILABLE: row<{ provider: string; reason: string }>(
    'UsageError',
    (f) =>
      `provider "${f.provider}" cannot start here (${f.reason}); use --provider cpu, or auto to fall back, and see "zeroov doctor"`,
  ),

  // ── images ────────────────────────────────────────────────────────────────────────────────────────────────────
  IMAGE_NOT_FOUND: row<{ path: string }>(
    'InputRejected',
    (f) => `no image at ${f.path}; check the path`,
  ),
  IMAGE_REMOTE: row<{ path: string }>(
    'InputRejected',
    (f) =>
      `${f.path} is a web address, and addresses are not opened unless they are allowed, which this version has no option for yet; download the file, e.g. with curl -LO, and give its path`,
  ),
  IMAGE_NOT_A_FILE: row<{ path: string; kind: string }>(
    'InputRejected',
    (f) =>
      `${f.path} is a ${f.kind}, not a regular file; give the path of a PNG, JPEG, WebP or TIFF`,
  ),
  IMAGE_UNREADABLE: row<{ path: string; reason: string }>(
    'InputRejected',
    (f) => `${f.path} cannot be read (${f.reason}); check its permissions`,
  ),
  IMAGE_TYPE: row<{ path: string; found: string }>(
    'InputRejected',
    (f) =>
      `${f.path} is not a picture zeroov reads: its first bytes are ${f.found}, expected PNG, JPEG, WebP or TIFF`,
  ),
  IMAGE_DECODE: row<{ path: string; reason: string }>(
    'InputRejected',
    (f) =>
      `${f.path} is damaged or cut short (${f.reason}); get the file again, or re-save it with another program`,
  ),
  IMAGE_TOO_LARGE: row<{ path: string; actual: string; limit: string }>(
    'InputRejected',
    (f) =>
      `${f.path} is too large: ${f.actual}, the limit is ${f.limit}; crop it or make it smaller`,
  ),
  IMAGE_BANDS: row<{ path: string; found: string }>(
    'InputRejected',
    (f) =>
      `${f.path} has ${f.found}; expected 8-bit grey, palette, RGB or RGBA. Export an 8-bit RGB picture of it first`,
  ),
  IMAGE_ASPECT: row<{ widthPx: number; heightPx: number; limit: number }>(
    'InputRejected',
    (f) =>
      `the picture has ${f.widthPx} × ${f.heightPx} px: one side is more than ${f.limit} times the other; crop it to the part that matters`,
  ),
  IMAGE_CHANGED: row<{ path: string }>(
    'InputRejected',
    (f) => `${f.path} was written to while it was read; run again with a file that stays as it is`,
  ),
  TIFF_IFD_CYCLE: row<{ path: string; offset: number }>(
    'InputRejected',
    (f) =>
      `${f.path}: its list of pages comes back to byte ${f.offset}, so it has no end; the file is damaged, get it again`,
  ),
  TIFF_BAD_DIMS: row<{ path: string; found: string }>(
    'InputRejected',
    (f) =>
      `${f.path}: ${f.found}, expected a whole number of pixels from 1 on; the file is damaged, get it again`,
  ),
  TIFF_BAD_LAYOUT: row<{ path: string; reason: string }>(
    'InputRejected',
    (f) =>
      `${f.path}: its strips or tiles cannot be read (${f.reason}); get it again if it is cut short or damaged, or re-save it with gdal_translate -co TILED=YES`,
  ),
  UNSUPPORTED_BAND_LAYOUT: row<{ path: string; tag: string; found: string; expected: string }>(
    'InputRejected',
    (f) =>
      `${f.path}: ${f.tag} is ${f.found}, expected ${f.expected}; convert it, e.g. with gdal_translate`,
  ),
  DECODE_OVERFLOW: row<{ path: string; block: string; limit: string }>(
    'InputRejected',
    (f) =>
      `${f.path}: ${f.block} unpacks to more than the ${f.limit} its header says; the file is damaged or made to fill your memory, get it again`,
  ),
  DECODER_CRASH: row<{ path: string; reason: string }>(
    'InputRejected',
    (f) =>
      `the decoder stopped on ${f.path} (${f.reason}); nothing else is affected: get the file again, or re-save it with another program`,
  ),
  NPY_INVALID: row<{ file: string; reason: string }>(
    'InputRejected',
    (f) =>
      `${f.file} is no .npy array zeroov reads (${f.reason}); expected C order and float32, float16, uint8 or int64`,
  ),
  RLE_INVALID: row<{ reason: string }>(
    'InputRejected',
    (f) =>
      `the COCO RLE mask does not decode (${f.reason}); expected {size: [height, width], counts: compressed string}`,
  ),

  // ── checkpoints ───────────────────────────────────────────────────────────────────────────────────────────────
  CHECKPOINT_NOT_FOUND: row<{ id: string; looked: string }>(
    'ModelRejected',
    (f) =>
      `no checkpoint "${f.id}" (looked in ${f.looked}); give a folder, or run "zeroov models pull ${f.id}"`,
  ),
  CHECKPOINT_FILE_MISSING: row<{ file: string; checkpoint: string; hint: string }>(
    'ModelRejected',
    (f) => `checkpoint ${f.checkpoint} has no ${f.file}; ${f.hint}`,
  ),
  CHECKPOINT_UNREADABLE: row<{ file: string; reason: string }>(
    'ModelRejected',
    (f) => `${f.file} cannot be read (${f.reason}); check the path and its permissions`,
  ),
  CHECKPOINT_BIN_ONLY: row<{ checkpoint: string; found: string }>(
    'ModelRejected',
    (f) =>
      `checkpoint ${f.checkpoint} has its weights only as ${f.found}: pickles can run code, so zeroov reads safetensors only; find a revision with .safetensors files`,
  ),
  CHECKPOINT_CHANGED: row<{ file: string; what: string }>(
    'ModelRejected',
    (f) =>
      `${f.file} changed while it was in use (${f.what}); the answer is not to be trusted, run again with files that stay as they are`,
  ),
  FILE_TOO_LARGE: row<{ file: string; bytes: number; limit: number }>(
    'ModelRejected',
    (f) =>
      `${f.file} has ${humanBytes(f.bytes)}, the limit for this kind of file is ${humanBytes(f.limit)}; is it the right file?`,
  ),
  NOT_SAFETENSORS: row<{ file: string; hint: string }>(
    'ModelRejected',
    (f) => `${f.file} is not a safetensors file: ${f.hint}`,
  ),
  ST_HEADER_LENGTH: row<{ file: string; length: string; limit: string }>(
    'ModelRejected',
    (f) =>
      `${f.file}: the header says it is ${f.length} bytes long, at most ${f.limit} are possible; the file is cut short or damaged, get it again`,
  ),
  ST_HEADER_JSON: row<{ file: string; reason: string }>(
    'ModelRejected',
    (f) => `${f.file}: the header is not what safetensors allows (${f.reason}); get the file again`,
  ),
  ST_OFFSETS: row<{ file: string; reason: string }>(
    'ModelRejected',
    (f) =>
      `${f.file}: the tensors do not fill the file as its header says (${f.reason}); it is cut short or damaged, get it again`,
  ),
  MODEL_PATH_ESCAPE: row<{ checkpoint: string; path: string }>(
    'ModelRejected',
    (f) =>
      `checkpoint ${f.checkpoint} names ${JSON.stringify(f.path)}, which is no plain file name inside it; do not use this checkpoint`,
  ),
  MODEL_SHARD: row<{ checkpoint: string; reason: string }>(
    'ModelRejected',
    (f) =>
      `checkpoint ${f.checkpoint}: the index and its shards do not agree (${f.reason}); get the checkpoint again`,
  ),
  MODEL_FOLDERS: row<{ checkpoint: string; folders: string }>(
    'ModelRejected',
    (f) =>
      `checkpoint ${f.checkpoint}: its weight files lie in more than one folder (${f.folders}), the runtime maps from one; put them side by side`,
  ),
  CONFIG_INVALID: row<{ file: string; reason: string }>(
    'ModelRejected',
    (f) => `${f.file}: ${f.reason}; expected a configuration as its authors publish it`,
  ),
  CONFIG_ARCHITECTURE: row<{ file: string; expected: string; found: string }>(
    'ModelRejected',
    (f) => `${f.file} describes ${f.found}, expected ${f.expected}; give a checkpoint of that kind`,
  ),
  TENSOR_MISSING: row<{ tensor: string; checkpoint: string }>(
    'ModelRejected',
    (f) =>
      `checkpoint ${f.checkpoint} has no tensor "${f.tensor}"; it is incomplete or of another architecture`,
  ),
  TENSOR_SHAPE: row<{ tensor: string; file: string; expected: string; found: string }>(
    'ModelRejected',
    (f) =>
      `tensor "${f.tensor}" in ${f.file}: expected shape ${f.expected}, found ${f.found}; config and weights are not of the same model`,
  ),
  TENSOR_DTYPE: row<{ tensor: string; file: string; found: string }>(
    'ModelRejected',
    (f) => `tensor "${f.tensor}" in ${f.file} is ${f.found}; expected F32, F16 or BF16`,
  ),
  TOKENIZER_UNSUPPORTED: row<{ file: string; reason: string }>(
    'ModelRejected',
    (f) => `${f.file}: ${f.reason}; expected the tokenizer published with the model`,
  ),

  // ── the hub ───────────────────────────────────────────────────────────────────────────────────────────────────
  HUB_OFFLINE: row<{ id: string }>(
    'ModelRejected',
    (f) => `HF_HUB_OFFLINE is set and "${f.id}" is not in the cache; unset it, or give a folder`,
  ),
  HUB_NOT_FOUND: row<{ id: string; endpoint: string }>(
    'ModelRejected',
    (f) =>
      `${f.endpoint} has no model "${f.id}" (or it is private); check the spelling, or set HF_TOKEN`,
  ),
  HUB_UNAUTHORIZED: row<{ id: string; endpoint: string }>(
    'ModelRejected',
    (f) =>
      `${f.endpoint} refuses "${f.id}"; accept its terms on the model's page and set HF_TOKEN to a token that may read it`,
  ),
  HUB_UNREACHABLE: row<{ endpoint: string; reason: string }>(
    'ResourceExhausted',
    (f) =>
      `${f.endpoint} does not answer (${f.reason}); check the network and HF_ENDPOINT, then run the same command: it resumes`,
  ),
  HUB_LOCKED: row<{ id: string; owner: string; lock: string }>(
    'Locked',
    (f) =>
      `${f.owner} is downloading "${f.id}" already; wait for it to end, or remove ${f.lock} if that process is no zeroov`,
  ),
  HUB_CHECKSUM: row<{ file: string; expected: string; got: string }>(
    'ResourceExhausted',
    (f) =>
      `${f.file} arrived damaged (sha ${f.got}, expected ${f.expected}) and was removed; run the same command again`,
  ),

  // ── running ───────────────────────────────────────────────────────────────────────────────────────────────────
  NOT_FINITE: row<{ network: string; output: string; index: number; cause: string }>(
    'NumericFailure',
    (f) =>
      `${f.network}: output "${f.output}" is NaN or infinite at index ${f.index} (${f.cause}); the checkpoint is damaged, get it again`,
  ),
  REGION_TOO_LARGE: row<{ widthPx: number; heightPx: number; limit: number }>(
    'ResourceExhausted',
    (f) =>
      `what was found spans ${f.widthPx} × ${f.heightPx} px, the limit is ${f.limit} px: say more precisely what to look for, or raise --tau or --alpha`,
  ),
  MODEL_OOM: row<{ network: string; reason: string }>(
    'ResourceExhausted',
    (f) =>
      `${f.network}: not enough memory (${f.reason}); lower --max-pixels, use a smaller checkpoint or close other programs`,
  ),
  RUNTIME_REFUSED: row<{ network: string; reason: string }>(
    'InternalError',
    (f) =>
      `${f.network}: onnxruntime refuses the graph (${f.reason}); this is a bug of zeroov, please report it`,
  ),
  RUNTIME_CRASHED: row<{ reason: string }>(
    'WorkerCrashed',
    (f) =>
      `the inference thread ended (${f.reason}); run again, and lower --max-pixels if it happens again`,
  ),
  CANCELLED: row<object>('Cancelled', () => 'stopped on request; nothing was written'),

  // ── prompts (segment, refine) ─────────────────────────────────────────────────────────────────────────────────
  PROMPT_INVALID: row<{ prompt: number; expected: string; got: string }>(
    'UsageError',
    (f) =>
      `prompt ${f.prompt}: expected ${f.expected}, got ${f.got}; coordinates are pixels of the picture, from its top-left corner`,
  ),

  // ── datasets ──────────────────────────────────────────────────────────────────────────────────────────────────
  DATASET_NOT_FOUND: row<{ dataset: string; root: string; looked: string }>(
    'InputRejected',
    (f) =>
      `${f.root} holds no ${f.dataset}: ${f.looked}; "zeroov datasets list" says where to get it and how it lies`,
  ),
  DATASET_INVALID: row<{ file: string; where: string; reason: string }>(
    'InputRejected',
    (f) =>
      `${f.file} (${f.where}): ${f.reason}; get the file again, and compare it with "zeroov datasets list"`,
  ),
  DATASET_INCOMPLETE: row<{ dataset: string; root: string; faults: string }>(
    'PartialFailure',
    (f) =>
      `${f.root} is not all of ${f.dataset} (${f.faults}); get what is missing or damaged again: samples without it fail`,
  ),
  DATASET_SAMPLE: row<{ sample: string; file: string; reason: string }>(
    'InputRejected',
    (f) =>
      `sample ${f.sample}: ${f.file} ${f.reason}; "zeroov datasets check" lists every file that is missing or damaged`,
  ),

  // ── evaluation ────────────────────────────────────────────────────────────────────────────────────────────────
  RUN_NOT_FOUND: row<{ run: string; file: string }>(
    'UsageError',
    (f) => `${f.run} has no ${f.file}; give the folder that "zeroov evaluate -o" wrote`,
  ),
  RUN_UNFINISHED: row<{ run: string; done: number; of: number }>(
    'UsageError',
    (f) =>
      `${f.run} has ${f.done} of ${f.of} samples; let "zeroov evaluate" go on to its end first, with the same command as before`,
  ),
  RUN_EVIDENCE: row<{ file: string; reason: string }>(
    'InputRejected',
    (f) =>
      `${f.file} ${f.reason}; "zeroov evaluate" makes it again with the same command as before, without --no-cache`,
  ),
  RUN_FAILURES: row<{ failed: number; of: number; codes: string; run: string }>(
    'PartialFailure',
    (f) =>
      `${f.failed} of ${f.of} samples failed (${f.codes}) and count as nothing found; ${f.run}/results.jsonl says why each`,
  ),
  RUN_HALTED: row<{ count: number; code: string; sample: string; reason: string }>(
    'ResourceExhausted',
    (f) =>
      `${f.count} samples in a row failed with ${f.code}, the last, ${f.sample}, because ${f.reason}; see to the cause, then run the same command: it goes on before the first of them`,
  ),
  RUN_LOCKED: row<{ run: string; owner: string; lock: string }>(
    'Locked',
    (f) =>
      `${f.owner} is writing to ${f.run} already; wait for it to end, or remove ${f.lock} if that process is no zeroov`,
  ),
  RUN_DIFFERENT: row<{ run: string; differences: string }>(
    'ResumeRefused',
    (f) =>
      `${f.run} was begun with something else (${f.differences}); repeat that, or start a new run in another folder with -o`,
  ),
  RUN_CORRUPT: row<{ file: string; reason: string }>(
    'StoreCorrupt',
    (f) => `${f.file} ${f.reason}; start a new run in another folder with -o`,
  ),
  RUN_WORKER: row<{ worker: number; of: number; reason: string }>(
    'WorkerCrashed',
    (f) =>
      `worker ${f.worker} of ${f.of} ended (${f.reason}); run the same command: it goes on where it stopped, with fewer --workers if memory was short`,
  ),
  PREDICTIONS_UNREADABLE: row<{ file: string; reason: string }>(
    'UsageError',
    (f) => `the predictions ${f.file} cannot be read (${f.reason}); check the path`,
  ),
  PREDICTION_INVALID: row<{ file: string; line: number; reason: string }>(
    'InputRejected',
    (f) =>
      `${f.file}, line ${f.line}: ${f.reason}; expected {"id": …, "box": [x1, y1, x2, y2] or null, "mask": {"size": [height, width], "counts": "…"} or null}`,
  ),
  PREDICTION_MISSING: row<{ sample: string }>(
    'InputRejected',
    (f) =>
      `sample ${f.sample} has no line among the predictions and counts as nothing found; where nothing was found, write "box": null and "mask": null`,
  ),
  RUNS_DIFFER: row<{ a: string; b: string; reason: string }>(
    'UsageError',
    (f) => `${f.a} and ${f.b} cannot be compared: ${f.reason}; give two runs over the same samples`,
  ),
  RUN_STOPPED: row<{ done: number; of: number }>(
    'Cancelled',
    (f) =>
      `stopped on request with ${f.done} of ${f.of} samples done; run the same command: it goes on from there`,
  ),

  // ── output ────────────────────────────────────────────────────────────────────────────────────────────────────
  OUTPUT_WRITE: row<{ path: string; reason: string }>(
    'ResourceExhausted',
    (f) => `cannot write ${f.path} (${f.reason}); free space or choose another folder with -o`,
  ),
  TEMPORARY_FOLDER: row<{ path: string; reason: string }>(
    'ResourceExhausted',
    (f) =>
      `no temporary folder can be made in ${f.path} (${f.reason}); make it or free space there, or name another with TMPDIR`,
  ),
  INTERNAL: row<{ reason: string }>(
    'InternalError',
    (f) => `a bug of zeroov: ${f.reason}; please report it with the command you ran`,
  ),
} as const;

export type ErrorCode = keyof typeof ERRORS;
type FieldsOf<C extends ErrorCode> = Parameters<(typeof ERRORS)[C]['sentence']>[0];

/** An error of the table. `fields` are the values its sentence names; no stack and no internal name is for users. */
export class ZeroovError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'ZeroovError';
  readonly class: ErrorClass;
  readonly exit: number;
  readonly http: number;
  readonly retryable: boolean;

  constructor(
    readonly code: C,
    readonly fields: FieldsOf<C>,
    options?: { cause?: unknown },
  ) {
    const entry = ERRORS[code] as Row<FieldsOf<C>>;
    super(entry.sentence(fields), options);
    this.class = entry.class;
    ({ exit: this.exit, http: this.http, retryable: this.retryable } = ERROR_CLASSES[entry.class]);
  }

  /** The error object of RELIABILITY: what `--json`, result records and the service show. */
  toJSON(): Record<string, unknown> {
    return {
      code: this.code,
      class: this.class,
      message: this.message,
      retryable: this.retryable,
      ...this.fields,
    };
  }
}

/** Throws CANCELLED once `signal` is aborted; called between steps, since a step itself cannot be interrupted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new ZeroovError('CANCELLED', {}, { cause: signal.reason });
}
