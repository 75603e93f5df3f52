/** The flat XML of VOC annotations: elements, text, CDATA, the five named entities. No document types. */
import type { ZeroovError } from '../../errors.ts';
import { invalid } from './parse-annotations.ts';

export interface XmlElement {
  readonly name: string;
  /** All text directly inside it. */
  text: string;
  readonly children: XmlElement[];
}

/** Published annotations have some ten kilobytes and nest four deep. */
const MAX_BYTES = 256 * 2 ** 10;
const MAX_DEPTH = 32;

/** Comments and declarations say nothing; captured are CDATA, a closing name, an opening name, its `/`, text. */
const TOKEN =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<\/([\w:.-]+)\s*>|<([\w:.-]+)(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*(\/?)>|([^<]+)/y;

/** The root element. @throws DATASET_INVALID with the line */
export function parseXml(bytes: Uint8Array, file: string): XmlElement {
  const text = decode(bytes, file);
  const token = new RegExp(TOKEN);
  let start = 0;
  const refuse: Refuse = (reason) =>
    invalid({ file, where: `line ${text.slice(0, start).split('\n').length}` }, reason);
  const document: XmlElement = { name: '', text: '', children: [] };
  const open = [document];
  for (; start < text.length; start = token.lastIndex) {
    const found = token.exec(text);
    if (!found) throw refuse(malformed(text.slice(start, start + 9)));
    step(open, found, refuse);
  }
  const [root, ...others] = document.children;
  if (!root || others.length > 0 || open.length > 1 || document.text.trim() !== '') {
    throw invalid({ file, where: 'whole file' }, 'it is not one XML element from begin to end');
  }
  return root;
}

type Refuse = (reason: string) => ZeroovError;

function decode(bytes: Uint8Array, file: string): string {
  const place = { file, where: 'whole file' };
  if (bytes.length > MAX_BYTES) throw invalid(place, `it has more than ${MAX_BYTES} bytes`);
  const head = Buffer.from(bytes.subarray(0, 200)).toString('latin1');
  const [, encoding = 'utf-8'] = /^[^<]{0,3}<\?xml[^>]*encoding=["']([\w-]+)["']/.exec(head) ?? [];
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) {
      throw invalid(place, `its text is not ${encoding}`);
    }
    throw error;
  }
}

/** `open` are the elements that are not closed yet, the document first. */
function step(open: XmlElement[], found: RegExpExecArray, refuse: Refuse): void {
  const [, cdata, closing, opening, empty, text] = found;
  const current = open.at(-1)!;
  if (text !== undefined) current.text += decodeEntities(text, refuse);
  else if (cdata !== undefined) current.text += cdata;
  else if (opening !== undefined) {
    if (open.length > MAX_DEPTH) throw refuse(`it nests deeper than ${MAX_DEPTH}`);
    const element = { name: opening, text: '', children: [] };
    current.children.push(element);
    if (empty === '') open.push(element);
  } else if (closing !== undefined) {
    if (closing !== current.name) throw refuse(`</${closing}> closes <${current.name}>`);
    open.pop();
  }
}

function malformed(start: string): string {
  if (/^<!DOCTYPE/i.test(start)) return 'it has a document type, which zeroov does not read';
  return 'it is not well-formed XML';
}

const ENTITIES = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['apos', "'"],
  ['quot', '"'],
]);

function decodeEntities(text: string, refuse: Refuse): string {
  if (!text.includes('&')) return text;
  return text.replace(
    /&(?:#(\d{1,7});|#x([\da-f]{1,6});|(\w{1,8});)?/gi,
    (whole, decimal, hex, name) => {
      const character = name === undefined ? fromPoint(decimal, hex) : ENTITIES.get(name);
      if (character === undefined) throw refuse(`${whole} is no character`);
      return character;
    },
  );
}

function fromPoint(decimal: string | undefined, hex: string | undefined): string | undefined {
  const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : undefined;
}
