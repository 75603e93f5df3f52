/** ablation.json: every row of the paper's tables with its figures, quoted, and ours, measured. */
import { z } from 'zod';
import { SOURCE } from '../paper.ts';
import type { Manifest } from '../run/manifest.ts';
import type { AblationRow, AblationTable } from './ablation-tables.ts';

const percent = z.number().min(0).max(100);
const printed = z.object({ pr50: percent.optional(), mIoU: percent.optional() });
const counted = z.object({ pr50: percent, mIoU: percent, oIoU: percent });
/** What the paper prints. */
const quoted = z.object({ box: printed.optional(), mask: printed.optional() });
/** Null where the dataset has no such truth. */
const measured = z.object({ box: counted.nullable(), mask: counted.nullable() });
const place = z.object({ dataset: z.string(), split: z.string(), n: z.int().min(0) });

/** What `zeroov ablate` writes and the report shows. Percentages; Pr at IoU 0.5. */
export const ABLATION_SCHEMA = z.object({
  version: z.literal(1),
  source: z.string(),
  /** What the measured figures are of. */
  measuredOn: place.extend({ preset: z.string() }),
  tables: z.array(
    z.object({
      title: z.string(),
      /** What the quoted figures are of: the same as `measuredOn` or the columns are not to be compared. */
      quotedOn: place,
      rows: z.array(
        z.object({
          label: z.string(),
          quoted: quoted.nullable(),
          measured: measured.nullable(),
          /** Why it is not measured. */
          missing: z.string().nullable(),
        }),
      ),
    }),
  ),
});
export type AblationDocument = z.infer<typeof ABLATION_SCHEMA>;
export type MeasuredRow = AblationDocument['tables'][number]['rows'][number];
export type RowFigures = z.infer<typeof quoted> | z.infer<typeof measured>;
export type MeasuredPlace = z.infer<typeof place>;

export function ablationDocument(
  { manifest, variant }: { readonly manifest: Manifest; readonly variant: string },
  tables: readonly AblationTable[],
  measure: (row: AblationRow) => Pick<MeasuredRow, 'measured' | 'missing'>,
): AblationDocument {
  const { name: dataset, split } = manifest.dataset;
  return {
    version: 1,
    source: SOURCE,
    measuredOn: { dataset, split, n: manifest.samples.count, preset: variant },
    tables: tables.map(({ title, quotedOn, rows }) => ({
      title,
      quotedOn,
      rows: rows.map((row) => ({ label: row.label, quoted: row.quoted, ...measure(row) })),
    })),
  };
}
