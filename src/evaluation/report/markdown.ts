/** report.md: the tables of a report as text, to paste into an issue or a paper's notes. */

import { titleOf } from './page.ts';
import { noticeOf, runTable } from './provenance.ts';
import type { ReportData } from './report-data.ts';
import {
  ablationReport,
  type Cell,
  failuresTable,
  groupTables,
  headlineTable,
  profilesTable,
  quotedTable,
  type Table,
} from './tables.ts';

export function reportMarkdown(data: ReportData): string {
  const { summary, manifest, ablation } = data;
  const { n, ok, notFound, failed } = summary;
  const tables = [
    headlineTable(summary),
    profilesTable(summary),
    quotedTable(summary),
    ...groupTables(summary),
    failuresTable(summary),
    ...(ablation ? ablationReport(ablation) : []),
    manifest && runTable(manifest, summary.preset),
  ];
  const parts = [
    `# ${plain(titleOf(summary))}`,
    noticeOf(data)
      .map((sentence) => `> ${plain(sentence)}`)
      .join('\n'),
    `${n} samples: ${ok} found, ${notFound} not found, ${failed} failed.`,
    ...tables.flatMap((table) => (table ? [tableMarkdown(table)] : [])),
  ];
  return `${parts.join('\n\n')}\n`;
}

function tableMarkdown({ caption, note, head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, i) => (i === 0 ? '---' : '--:'));
  const lines = [line(head.map(plain)), line(rule), ...rows.map((cells) => line(cells.map(say)))];
  return [`## ${plain(caption)}`, lines.join('\n'), ...(note ? [plain(note)] : [])].join('\n\n');
}

function say({ text, detail }: Cell): string {
  return plain(detail ? `${text} (${detail})` : text);
}

/** Nothing in a text is markup, and no text ends its cell. */
function plain(text: string): string {
  return text.replace(/[\\`*_|<>[\]]/g, '\\$&').replace(/\s+/g, ' ');
}
