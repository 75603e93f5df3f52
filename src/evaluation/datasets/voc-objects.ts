/**
 * DIOR-RSVG and OPT-RSVG: VOC files with a description an object. The split files hold running indices, counted from 0
 * over all objects of all files sorted by path.
 */
import type { Box } from '../../tensor/image.ts';
import type { Sample } from '../sample.ts';
import type { DatasetFolder } from './dataset-folder.ts';
import { fileIn, invalid, linesOf, type Place } from './parse-annotations.ts';
import type { DatasetForm, OpenedDataset } from './reader.ts';
import { checkBox } from './truth.ts';
import { parseXml, type XmlElement } from './xml.ts';

export const VOC_LAYOUT = [
  'Annotations/00001.xml …',
  'JPEGImages/00001.jpg …',
  'train.txt, val.txt, test.txt (one running object index a line)',
];

const SPLITS = ['train', 'val', 'test'];

export function vocForm(split: string): DatasetForm {
  return {
    needs: [`${split}.txt`, 'Annotations'],
    open: (folder) => open(folder, split),
  };
}

/** Single boxes of OPT-RSVG may be whole. */
const LOOKED_AT = 50;

/** Whether a box of the first files has a fraction, which tells OPT-RSVG from DIOR-RSVG. */
export async function hasFloatBoxes(folder: DatasetFolder): Promise<boolean> {
  const files = await folder.list('Annotations', '.xml');
  const fraction = /<[xy]m(?:in|ax)>\s*\d+\./;
  return files.slice(0, LOOKED_AT).some((file) => fraction.test(folder.readText(file)));
}

async function open(folder: DatasetFolder, split: string): Promise<OpenedDataset> {
  const { wanted, largest, whole } = await readSplits(folder, split);
  const files = await folder.list('Annotations', '.xml');
  const samples: Sample[] = [];
  let index = 0;
  for (const file of files) {
    const root = parseXml(folder.readBytes(file), file);
    for (const object of root.children.filter(({ name }) => name === 'object')) {
      const place = { file, where: `object ${index}` };
      if (wanted.has(index)) samples.push(sampleOf({ root, object, index, place }));
      index += 1;
    }
  }
  if (largest.index >= index) {
    const found = `Annotations has ${files.length} files with ${index} objects`;
    const reason = `index ${largest.index} is beyond them, since ${found}: some are missing, and every index after a missing one would mean another object`;
    throw invalid(largest, reason);
  }
  if (whole && index > largest.index + 1) {
    const found = `Annotations has ${files.length} files with ${index} objects`;
    const reason = `the splits' largest index is ${largest.index}, but ${found}: some are there twice or do not belong there (look for copies), and every index after one would mean another object`;
    throw invalid(largest, reason);
  }
  return { samples, has: { box: true, mask: false } };
}

interface Splits {
  /** Indices of the split that is asked for. */
  readonly wanted: ReadonlySet<number>;
  /** Of all splits that are there, since a file missing anywhere shifts the indices of all. */
  readonly largest: Place & { readonly index: number };
  /** All splits are there, so that every object is in one of them. */
  readonly whole: boolean;
}

async function readSplits(folder: DatasetFolder, split: string): Promise<Splits> {
  const wanted = new Set<number>();
  let there = 0;
  let largest = { file: `${split}.txt`, where: 'whole file', index: -1 };
  for (const name of SPLITS) {
    const file = `${name}.txt`;
    if ((await folder.state(file)) !== 'there') continue;
    there += 1;
    for (const { line, number } of linesOf(folder.readText(file))) {
      const place = { file, where: `line ${number}` };
      if (!/^\s*\d{1,9}\s*$/.test(line)) throw invalid(place, 'expected one whole number');
      const index = Number(line);
      if (index > largest.index) largest = { ...place, index };
      if (name === split) wanted.add(index);
    }
  }
  return { wanted, largest, whole: there === SPLITS.length };
}

interface VocObject {
  readonly root: XmlElement;
  readonly object: XmlElement;
  readonly index: number;
  readonly place: Place;
}

/** The loaders read children by their position; their names say the same and survive another order. */
function sampleOf({ root, object, index, place }: VocObject): Sample {
  const id = `${index}`;
  const frame = child(object, { name: 'bndbox', place });
  const edges = ['xmin', 'ymin', 'xmax', 'ymax'].map((name) => numberIn(frame, { name, place }));
  const image = fileIn(place, child(root, { name: 'filename', place }).text.trim());
  return {
    id,
    // The loaders lower-case what they feed to the text encoder.
    expression: child(object, { name: 'description', place }).text.trim().toLowerCase(),
    category: child(object, { name: 'name', place }).text.trim(),
    kind: null,
    image: `JPEGImages/${image}`,
    readTruth: async () => ({
      box: checkBox(edges as unknown as Box, { sample: id, file: place.file }),
      mask: null,
    }),
  };
}

interface Named {
  readonly name: string;
  readonly place: Place;
}

function child(element: XmlElement, { name, place }: Named): XmlElement {
  const found = element.children.find((one) => one.name === name);
  if (!found) throw invalid(place, `<${element.name}> has no <${name}>`);
  return found;
}

function numberIn(element: XmlElement, { name, place }: Named): number {
  const text = child(element, { name, place }).text.trim();
  const value = text === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw invalid(place, `<${name}> is ${JSON.stringify(text)}`);
  return value;
}
