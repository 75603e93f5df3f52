import type { DatasetReader } from './reader.ts';
import { VOC_LAYOUT, vocForm } from './voc-objects.ts';

/** Boxes have fractions of pixels. */
export const OPT_RSVG: DatasetReader = {
  title: 'OPT-RSVG (LPVA, TGRS 2024): 48 952 expressions with boxes',
  layout: VOC_LAYOUT,
  splits: { train: 19580, val: 4895, test: 24477 },
  source:
    'Google Drive file 1e_wOtkruWAB2JXR7aqaMZMrM75IkjqCA, Baidu 1vitw0yc-j0uFFHRPxVdZig (92yk)',
  licence: 'none stated; pictures of HRRSD, DIOR and SPCD',
  forms: (split) => [vocForm(split)],
};
