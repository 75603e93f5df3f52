/** The paper's tables as settings of a run: each row with what the paper prints for it. */
import {
  INTERACTIONS as INTERACTION_NAMES,
  type MethodOptions,
  PRESETS,
  type PresetName,
} from '../../pipeline/presets.ts';
import {
  INTERACTIONS,
  METHODS,
  METHODS_ON_RISBENCH,
  type QuotedFigures,
  type QuotedOn,
  RESOLUTIONS,
  RISBENCH,
  RRSIS_D,
  STAGES,
} from '../paper.ts';
import type { DatasetName } from '../sample.ts';

export interface AblationTable {
  readonly title: string;
  /** What the quoted figures were measured on. */
  readonly quotedOn: QuotedOn;
  readonly rows: readonly AblationRow[];
}

export interface AblationRow {
  readonly label: string;
  /** What the paper prints; null where it has no such row. */
  readonly quoted: QuotedFigures | null;
  /** Null for what is not ours, or needs a network. */
  readonly options: MethodOptions | null;
  /** The preset that needs SAM, which measures it where the run has it. */
  readonly refined?: PresetName | undefined;
}

const ORDER_OF: Record<keyof typeof STAGES, MethodOptions['order']> = {
  'full method': 'O-F-E',
  'without VLM': 'F-E',
  'without diffusion': 'O-E',
  'without Evolve': 'O-F',
  'order O-E-F': 'O-E-F',
};

/** Around the options of a run; nothing is refined. `recorded`: the resolutions that its evidence has. */
export function ablationTables(
  options: MethodOptions,
  { dataset, recorded }: { readonly dataset: DatasetName; readonly recorded: readonly number[] },
): AblationTable[] {
  const base: MethodOptions = { ...options, order: 'O-F-E', refine: 'none' };
  return [
    { title: 'stages', quotedOn: RRSIS_D, rows: stageRows(base) },
    { title: 'interaction', quotedOn: RRSIS_D, rows: interactionRows(base) },
    { title: 'resolutions', quotedOn: RRSIS_D, rows: resolutionRows(base, recorded) },
    dataset === 'risbench'
      ? { title: 'methods', quotedOn: RISBENCH, rows: methodRows(base, METHODS_ON_RISBENCH) }
      : { title: 'methods', quotedOn: RRSIS_D, rows: methodRows(base, METHODS) },
  ];
}

function stageRows(base: MethodOptions): AblationRow[] {
  return Object.entries(STAGES).map(([label, quoted]) => {
    const order = ORDER_OF[label as keyof typeof STAGES];
    return { label, quoted, options: { ...base, order } };
  });
}

function interactionRows(base: MethodOptions): AblationRow[] {
  return INTERACTION_NAMES.map((interaction) => ({
    label: interaction,
    quoted: INTERACTIONS[interaction] ?? null,
    options: { ...base, interaction },
  }));
}

/** The paper's sets, then what else the run can tell: each resolution alone, and its own set. */
function resolutionRows(base: MethodOptions, recorded: readonly number[]): AblationRow[] {
  const name = (sides: readonly number[]) => sides.map((side) => `${side}²`).join(' + ');
  const rows = new Map<string, AblationRow>();
  const add = (resolutions: readonly number[], quoted: QuotedFigures | null) => {
    const label = name(resolutions);
    if (rows.has(label)) return;
    rows.set(label, { label, quoted, options: { ...base, resolutions: [...resolutions] } });
  };
  for (const { resolutions, quoted } of RESOLUTIONS) add(resolutions, quoted);
  for (const side of recorded) add([side], null);
  add(base.resolutions, null);
  return [...rows.values()];
}

function methodRows(base: MethodOptions, methods: typeof METHODS): AblationRow[] {
  return methods.map(({ method: label, preset, quoted }) => {
    const options = preset && { ...base, ...PRESETS[preset] };
    if (options && preset && options.refine !== 'none') {
      return { label, quoted, options: null, refined: preset };
    }
    return { label, quoted, options };
  });
}
