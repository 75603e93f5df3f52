import type { DatasetName } from '../sample.ts';
import { DIOR_RSVG } from './dior-rsvg.ts';
import { JSONL } from './jsonl.ts';
import { OPT_RSVG } from './opt-rsvg.ts';
import type { DatasetReader } from './reader.ts';
import { REFSEGRS } from './refsegrs.ts';
import { RISBENCH } from './risbench.ts';
import { RRSIS_D } from './rrsis-d.ts';
import { SYNTHETIC } from './synthetic.ts';
import { ZEROOV_JSON } from './zeroov-json.ts';

export const READERS: Readonly<Record<DatasetName, DatasetReader>> = {
  'rrsis-d': RRSIS_D,
  risbench: RISBENCH,
  refsegrs: REFSEGRS,
  'dior-rsvg': DIOR_RSVG,
  'opt-rsvg': OPT_RSVG,
  'zeroov-json': ZEROOV_JSON,
  synthetic: SYNTHETIC,
  jsonl: JSONL,
};
