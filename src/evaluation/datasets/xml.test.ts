import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZeroovError } from '../../errors.ts';
import { parseXml } from './xml.ts';

const parse = (text: string, encoding: BufferEncoding = 'utf8') =>
  parseXml(Buffer.from(text, encoding), 'a.xml');

describe('parseXml', () => {
  it('reads elements, attributes passed over, entities, CDATA, comments and a byte order mark', () => {
    const text = `\ufeff<?xml version="1.0"?><!-- <no/> --><a x="1" y='>'><b>1 &lt; 2 &amp;&#233;&#x1F6E5;</b><c/>
      <d><![CDATA[<i> & ]]>tail<!-- - --> end</d ></a>\n`;
    const root = parse(text);
    expect(root.children.map(({ name, text: inner }) => [name, inner])).toEqual([
      ['b', '1 < 2 &é🛥'],
      ['c', ''],
      ['d', '<i> & tail end'],
    ]);
  });

  it('decodes what the declaration says', () => {
    const latin = '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>';
    expect(parse(latin, 'latin1').text).toBe('é');
    expect(() => parse('<a>é</a>', 'latin1')).toThrow(/its text is not utf-8/);
    expect(() => parse('<?xml encoding="klingon"?><a/>')).toThrow(/its text is not klingon/);
  });

  it.each([
    ['<a>\n<b></a>', /\(line 2\): <\/a> closes <b>/],
    ['<a><b>\n</b>&nbsp;</a>', /\(line 2\): &nbsp; is no character/],
    ['<a>&toString;</a>', /&toString; is no character/],
    ['<a>&#x110000;</a>', /&#x110000; is no character/],
    ['<a>R & D</a>', /& is no character/],
    ['<!DOCTYPE a [<!ENTITY x "y">]><a/>', /\(line 1\): it has a document type/],
    ['<a b=1/>', /not well-formed/],
    ['<a/><b/>', /not one XML element/],
    ['<a>', /not one XML element/],
    ['</a>', /<\/a> closes <>/],
    ['text', /not one XML element/],
    ['', /not one XML element/],
    ['<a>'.repeat(33), /nests deeper than 32/],
  ])('refuses %j', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  it('refuses what is too long for an annotation', () => {
    expect(() => parse(`<a>${' '.repeat(2 ** 18)}</a>`)).toThrow(/more than 262144 bytes/);
  });

  it('answers every text with an element or a refusal', () => {
    const pieces = [
      '<',
      '>',
      '/',
      '<a>',
      '</a>',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '&',
      ';',
      '"',
      '=',
    ];
    const text = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string()), { maxLength: 12 });
    const check = fc.property(text, (parts) => {
      try {
        expect(parse(parts.join(''))).toHaveProperty('children');
      } catch (error) {
        if (!(error instanceof ZeroovError)) throw error;
        expect(error.code).toBe('DATASET_INVALID');
      }
    });
    fc.assert(check, { numRuns: 2000 });
  });
});
