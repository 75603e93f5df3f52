import type { DatasetReader } from './reader.ts';
import { VOC_LAYOUT, vocForm } from './voc-objects.ts';

/** Boxes are whole numbers. */
export const DIOR_RSVG: DatasetReader = {
  title: 'DIOR-RSVG (MGVLF, TGRS 2023): 38 320 expressions with boxes',
  layout: VOC_LAYOUT,
  splits: { train: 26991, val: 3829, test: 7500 },
  source: 'Google Drive folder 1hTqtYsC6B-m4ED2ewx5oKuYZV13EoJp_',
  licence: 'none stated; pictures of DIOR, so treat it as not for commercial use',
  forms: (split) => [vocForm(split)],
};
