import { escapeXml } from '../../imagery/labels.ts';
import type { Cell, Table } from './tables.ts';

/** A table on its sheet; a wide one scrolls inside it. */
export function tableHtml({ caption, note, head, rows }: Table, style = ''): string {
  const columns = head.map((text) => `<th scope="col">${escapeXml(text)}</th>`).join('');
  const named = head.some((text) => text !== '');
  const lines = rows.map(([first, ...cells]) => {
    const name = `<th scope="row">${escapeXml(first!.text)}</th>`;
    return `<tr>${name}${cells.map(cellHtml).join('')}</tr>`;
  });
  return `<div class="sheet"><h3>${escapeXml(caption)}</h3>
<div class="wide"><table class="${style}" aria-label="${escapeXml(caption)}">${named ? `<thead><tr>${columns}</tr></thead>` : ''}<tbody>${lines.join('')}</tbody></table></div>
${note ? `<p class="soft">${escapeXml(note)}</p>` : ''}</div>`;
}

function cellHtml({ text, detail, share }: Cell): string {
  const drawn = share
    ? ` class="share" style="--share: ${share.percent}%; --of: var(--${share.of})"`
    : '';
  return `<td${drawn}>${escapeXml(text)}${detail ? `<small>${escapeXml(detail)}</small>` : ''}</td>`;
}
