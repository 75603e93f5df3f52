/** ablation.json: every row of the paper's tables with its figures, quoted, and ours, measured. */
import { type QuotedFigures, type QuotedOn, SOURCE } from '../paper.ts';
import type { Manifest } from '../run/manifest.ts';
import type { SettingScores } from '../sweep/setting-figures.ts';
import type { AblationRow, AblationTable } from './ablation-tables.ts';

export interface MeasuredRow {
  readonly label: string;
  readonly quoted: QuotedFigures | null;
  readonly measured: SettingScores | null;
  /** Why it is not measured. */
  readonly missing: string | null;
}

export interface AblationDocument {
  readonly version: 1;
  readonly source: string;
  /** What the measured figures are of. */
  readonly measuredOn: QuotedOn & { readonly preset: string };
  readonly tables: readonly {
    readonly title: string;
    /** What the quoted figures are of: the same as `measuredOn` or the columns are not to be compared. */
    readonly quotedOn: QuotedOn;
    readonly rows: readonly MeasuredRow[];
  }[];
}

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
