/** The report as a person opens it: in a browser, from the disk, without a network. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepEvidence, makeRun } from '../../src/evaluation/report/run.fixture.ts';
import { writeReport } from '../../src/evaluation/report/write-report.ts';

const CHROMIUM = process.env['ZEROOV_CHROMIUM'] ?? '/usr/bin/chromium';
const there = existsSync(CHROMIUM);
const ARGS =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
/** Longer than any line of a phone, and markup. */
const HOSTILE = `<img src=x onerror=alert(1)> ${'without-any-space'.repeat(12)}`;

interface Opened {
  readonly page: Page;
  /** Everything asked for but the page itself. */
  readonly requests: string[];
  readonly complaints: string[];
}

describe.skipIf(!there)(`report.html${there ? '' : ` (no ${CHROMIUM})`}`, () => {
  let browser: Browser;
  let url: string;

  beforeAll(async () => {
    const made = await makeRun((record, i) =>
      i === 3 ? { ...record, expression: HOSTILE } : record,
    );
    const { folder, ...parts } = made;
    // Two of those that are found exactly.
    await keepEvidence(made, [0, 50]);
    await writeReport(folder, { run: folder, ...parts });
    url = `file://${join(folder, 'report.html')}`;
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS.split(' ') });
  });
  afterAll(() => browser.close());

  async function open(options: Parameters<Browser['newContext']>[0]): Promise<Opened> {
    const context = await browser.newContext({ ...options, offline: true });
    const page = await context.newPage();
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => {
      const asked = request.url();
      if (asked !== url && !asked.startsWith('data:')) requests.push(asked);
    });
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(url);
    return { page, requests, complaints };
  }

  it.each([
    { width: 1280, colorScheme: 'light' },
    { width: 1280, colorScheme: 'dark' },
    { width: 390, colorScheme: 'light' },
  ] as const)(
    '$width px, $colorScheme: whole, quiet and not wider than the screen',
    async (look) => {
      const { width, colorScheme } = look;
      const { page, requests, complaints } = await open({
        viewport: { width, height: 844 },
        colorScheme,
      });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      expect(requests).toEqual([]);
      expect(complaints).toEqual([]);
      const empty = 'img => !(img.complete && img.naturalWidth > 100)';
      expect(await page.evaluate(`[...document.images].filter(${empty}).length`)).toBe(0);
      expect(await contrast(page)).toBeGreaterThan(7);
      await page.context().close();
    },
  );

  it('has its tables filled, its charts drawn and its examples shown', async () => {
    const { page } = await open({});
    const cells = await page.locator('td').allTextContents();
    expect(cells.length).toBeGreaterThan(150);
    expect(cells.filter((text) => !/\S/.test(text) || /NaN|undefined|null/.test(text))).toEqual([]);
    expect(await page.locator('rect.mask').count()).toBe(20);
    expect(await page.locator('polyline').count()).toBe(2);
    expect(await page.locator('.maps figure').count()).toBe(2);
    expect(await page.locator('.maps rect[fill]').count()).toBe(48);
    // A dozen each of best, worst and missed, each a pair of pictures.
    expect(await page.locator('.gallery .pair img').count()).toBe(72);
    // What the stages saw, of the two samples whose evidence was kept.
    const stages = await page.locator('.gallery .stages').allTextContents();
    expect(stages).toEqual(['relevanceattentionevolved', 'relevanceattentionevolved']);
    expect(await page.locator('.gallery .stages img').count()).toBe(6);
    await page.context().close();
  });

  it('shows an expression as text, whatever it holds', async () => {
    const { page, complaints } = await open({ viewport: { width: 390, height: 844 } });
    expect(await page.getByText(HOSTILE).count()).toBe(1);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

/** Of the page's text with its ground, as WCAG 2 computes it: 1..21. */
function contrast(page: Page): Promise<number> {
  return page.evaluate(`(() => {
    const { color, backgroundColor } = getComputedStyle(document.body);
    const [ink, ground] = [color, backgroundColor].map((text) => {
      const [r, g, b] = text.match(/[0-9.]+/g).map((byte) => {
        const share = byte / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    });
    return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
  })()`);
}
