/** Which samples a report shows: a few of each sort, whatever the run's size. */
import { overlapOf, type Target } from '../metrics/overlap.ts';
import type { ProfileName } from '../metrics/profiles.ts';
import type { SampleRecord } from '../sample.ts';

export interface Example {
  readonly record: SampleRecord;
  /** 0..1, of the mask where there is a true one, else of the box; null where neither is known. */
  readonly iou: number | null;
}

/**
 * `best`: IoU of one half and more, the highest. `worst`: something was found, but elsewhere: below one half, the lowest.
 * `missed`: the sample failed, or nothing was found though something is there.
 */
export type Examples = Readonly<Record<'best' | 'worst' | 'missed', readonly Example[]>>;

const OF_EACH = 12;

/** Keeps some of the records that it is shown; of equal ones those that come first. */
export class ExampleChooser {
  readonly examples = { best: [] as Example[], worst: [] as Example[], missed: [] as Example[] };

  constructor(private readonly profile: ProfileName) {}

  add(record: SampleRecord): void {
    const { best, worst, missed } = this.examples;
    const { status, scores } = record;
    const target: Target | null = scores.mask ? 'mask' : scores.box ? 'box' : null;
    const iou = target && overlapOf(scores, { target, profile: this.profile }).iou;
    const example = { record, iou };
    if (status === 'failed') keep(example, { among: missed, rank: failedFirst });
    else if (status === 'ok' && iou !== null) {
      if (iou >= 0.5) keep(example, { among: best, rank: (one) => one.iou! });
      else keep(example, { among: worst, rank: (one) => -one.iou! });
    } else if (scores.box || scores.mask?.native.truth) {
      keep(example, { among: missed, rank: failedFirst });
    }
  }
}

function failedFirst({ record }: Example): number {
  return record.status === 'failed' ? 1 : 0;
}

/** Into its place behind those of the same rank; the last leaves when there are too many. */
function keep(
  example: Example,
  { among, rank }: { readonly among: Example[]; readonly rank: (example: Example) => number },
): void {
  const at = among.findIndex((other) => rank(other) < rank(example));
  among.splice(at < 0 ? among.length : at, 0, example);
  if (among.length > OF_EACH) among.pop();
}
