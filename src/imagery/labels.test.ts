import { describe, expect, it } from 'vitest';
import { escapeXml, fitText, measureText, renderSvg, textElement, wrapText } from './labels.ts';

const style = { sizePx: 14 };
const LONG = 'the third white ship from the left next to the long pier with the red crane';

describe('labels', () => {
  it('draw letters with our own font, different ones for different texts', () => {
    const inked = (text: string) => {
      const line = textElement({ ...style, text, x: 2, y: 16 });
      return renderSvg(line, { widthPx: 80, heightPx: 22 }).data.filter((_, i) => i % 4 === 3);
    };
    const coverage = (text: string) => inked(text).reduce((sum, alpha) => sum + alpha, 0) / 255;
    expect(coverage('')).toBe(0);
    // A missing font would draw nothing, or the same box for every letter.
    expect(coverage('ship')).toBeGreaterThan(50);
    expect(coverage('MMMM')).toBeGreaterThan(1.5 * coverage('llll'));
    expect(Buffer.compare(inked('ship'), inked('shin'))).not.toBe(0);
  });

  it('are measured by the widths of the font', () => {
    // DejaVu Sans: the digits' advance is 1303 of 2048 units of an em, the space's 651.
    expect(measureText('12', { sizePx: 2048 })).toBeCloseTo(2 * 1303, -1);
    expect(measureText('1 2', { sizePx: 2048 })).toBeCloseTo(2 * 1303 + 651, -1);
    expect(measureText('12', { sizePx: 2048, bold: true })).toBeCloseTo(2 * 1425, -1);
  });

  it('fitText shortens only when it must, and then fits', () => {
    expect(fitText(' two\n words ', { ...style, widthPx: 500 })).toBe('two words');
    const short = fitText(LONG, { ...style, widthPx: 150 });
    expect(short).toMatch(/^the third.*…$/);
    expect(measureText(short, style)).toBeLessThanOrEqual(150);
    const longer = LONG.slice(0, short.length + 2);
    expect(measureText(`${longer}…`, style)).toBeGreaterThan(150);
    expect(fitText(LONG, { ...style, widthPx: 2 })).toBe('');
    expect(fitText('', { ...style, widthPx: 100 })).toBe('');
  });

  it('wrapText keeps all words while there is room, then ends in …', () => {
    const all = wrapText(LONG, { ...style, widthPx: 300, maxLines: 9 });
    expect(all.join(' ')).toBe(LONG);
    const two = wrapText(LONG, { ...style, widthPx: 200, maxLines: 2 });
    expect(two.length).toBe(2);
    expect(two[1]).toMatch(/…$/);
    for (const line of [...all, ...two]) expect(measureText(line, style)).toBeLessThanOrEqual(300);
    expect(wrapText('', { ...style, widthPx: 200, maxLines: 2 })).toEqual([]);
  });

  it('escapeXml leaves nothing that XML cannot hold', () => {
    expect(escapeXml('<b a="1">&amp;\u0000\ud800é\u{1f6a2}')).toBe(
      '&lt;b a=&quot;1&quot;&gt;&amp;amp;\ufffd\ufffdé\u{1f6a2}',
    );
    const element = textElement({ ...style, text: '</text><rect/>&\u0001', x: 0, y: 10 });
    expect(() => renderSvg(element, { widthPx: 20, heightPx: 20 })).not.toThrow();
  });
});
