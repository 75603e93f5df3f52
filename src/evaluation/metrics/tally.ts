/** Gathers the records of a run one by one and gives its summary; a few numbers a sample are kept, and no mask. */
import type { Dataset, SampleRecord } from '../sample.ts';
import type { FigureGroup, Summary } from '../summary.ts';
import { BOOTSTRAP } from './bootstrap.ts';
import { kindOfExpression } from './kinds.ts';
import { objectSizeOf } from './object-size.ts';
import { counts, TARGETS, type Target } from './overlap.ts';
import { headlineProfile, type ProfileName } from './profiles.ts';
import { Rows } from './rows.ts';

/** What a run is about, beside its records. */
export interface RunSubject {
  readonly dataset: Dataset['name'];
  readonly split: string;
  /** Name of the variant of the method; null for predictions of another program. */
  readonly preset: string | null;
  /** Which truths the dataset has. */
  readonly has: Dataset['has'];
}

/** Samples that share a label, and their rows. */
interface Group {
  n: number;
  readonly rows: Record<Target, number[]>;
}

export class Tally {
  private readonly statuses = { ok: 0, 'not-found': 0, failed: 0 };
  private readonly failures: Record<string, number> = {};
  private readonly rows = { box: new Rows('box'), mask: new Rows('mask') };
  private readonly decodable = newGroup();
  private readonly groups = {
    category: new Map<string, Group>(),
    size: new Map<string, Group>(),
    kind: new Map<string, Group>(),
  };

  constructor(private readonly subject: RunSubject) {}

  add(record: SampleRecord): void {
    const { status, error, scores } = record;
    this.statuses[status] += 1;
    if (error) this.failures[error.code] = (this.failures[error.code] ?? 0) + 1;
    const groups = this.groupsOf(record);
    for (const group of groups) group.n += 1;
    for (const target of TARGETS) {
      if (!counts(record, { target, has: this.subject.has })) continue;
      const row = this.rows[target].add(scores);
      for (const group of groups) group.rows[target].push(row);
    }
  }

  summary(): Summary {
    const { dataset, split, preset } = this.subject;
    const { ok, failed, 'not-found': notFound } = this.statuses;
    const headline = headlineProfile(dataset);
    const { n, rows } = this.decodable;
    return {
      version: 1,
      dataset,
      split,
      preset,
      n: ok + notFound + failed,
      ok,
      notFound,
      failed,
      failures: sorted(Object.entries(this.failures)),
      headline,
      metrics: ofTargets((target) => this.rows[target].figures({})),
      decodable: {
        n,
        metrics: ofTargets((target) => this.rows[target].figures({ rows: picks(rows[target]) })),
      },
      intervals: { ...BOOTSTRAP, ...ofTargets((target) => this.rows[target].intervals({})) },
      byCategory: this.figureGroups('category', headline),
      bySize: this.figureGroups('size', headline),
      byKind: this.figureGroups('kind', headline),
    };
  }

  /** The groups that a record belongs to, made if need be. */
  private groupsOf({ category, kind, expression, scores, status }: SampleRecord): Group[] {
    const labels = {
      category,
      size: objectSizeOf(scores),
      kind: kind ?? kindOfExpression(expression),
    };
    const groups = status === 'failed' ? [] : [this.decodable];
    for (const [by, label] of Object.entries(labels)) {
      if (label === null) continue;
      const known = this.groups[by as keyof typeof labels];
      const group = known.get(label) ?? newGroup();
      known.set(label, group);
      groups.push(group);
    }
    return groups;
  }

  private figureGroups(
    by: keyof Tally['groups'],
    headline: ProfileName,
  ): Record<string, FigureGroup> {
    const figured = [...this.groups[by]].map(([label, { n, rows }]): [string, FigureGroup] => {
      const choice = (target: Target) => ({ rows: picks(rows[target]), profiles: [headline] });
      const metrics = ofTargets((target) => this.rows[target].figures(choice(target)));
      const intervals = ofTargets((target) => this.rows[target].intervals(choice(target)));
      return [label, { n, metrics, intervals }];
    });
    return sorted(figured);
  }
}

function newGroup(): Group {
  return { n: 0, rows: { box: [], mask: [] } };
}

function picks(rows: readonly number[]): Int32Array {
  return Int32Array.from(rows);
}

function ofTargets<T>(make: (target: Target) => T): Record<Target, T> {
  return { box: make('box'), mask: make('mask') };
}

/** An object with its keys in the order of their characters, whatever order they were met in. */
function sorted<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
