/** What `zeroov synthesize` writes. */
import { z } from 'zod';
import type { Mask } from '../../tensor/image.ts';
import type { Sample, Truth } from '../sample.ts';
import type { DatasetFolder } from './dataset-folder.ts';
import { fileIn, invalid, type Place, parseJsonLines } from './parse-annotations.ts';
import type { DatasetReader, OpenedDataset } from './reader.ts';
import { BOX, checkBox, openPicture, readMask, type TruthSource } from './truth.ts';

const FILE = 'scenes.jsonl';

export const SYNTHETIC: DatasetReader = {
  title: 'scenes that "zeroov synthesize" makes: boxes, masks and kinds of expressions',
  layout: [FILE, 'images/1.png …', 'masks/1_0.png …'],
  splits: { test: null },
  source: 'zeroov synthesize --count 100 --seed 1 -o DIR',
  licence: 'yours',
  forms: () => [{ needs: [FILE, 'masks'], open }],
};

const SCENE = z.object({
  seed: z.int(),
  image: z.string(),
  objects: z.array(z.object({ id: z.int(), category: z.string(), mask: z.string() })),
  expressions: z.array(
    z.object({
      text: z.string(),
      kind: z.string(),
      targetId: z.int().nullable(),
      box: BOX.nullable(),
    }),
  ),
});
type Scene = z.infer<typeof SCENE>;

async function open(folder: DatasetFolder): Promise<OpenedDataset> {
  const lines = parseJsonLines(folder.readText(FILE), { file: FILE, schema: SCENE });
  const samples = lines.flatMap(({ value: scene, ...place }) =>
    scene.expressions.map((_, i) => sampleOf({ folder, scene, i, place })),
  );
  return { samples, has: { box: true, mask: true } };
}

interface Spoken {
  readonly folder: DatasetFolder;
  readonly scene: Scene;
  /** Which of its expressions. */
  readonly i: number;
  readonly place: Place;
}

function sampleOf({ folder, scene, i, place }: Spoken): Sample {
  const { text, kind, targetId, box } = scene.expressions[i]!;
  const id = `${scene.seed}-${i}`;
  const image = fileIn(place, scene.image);
  const target = scene.objects.find((object) => object.id === targetId);
  if (targetId !== null && !target) throw invalid(place, `it has no object ${targetId}`);
  const mask = target && fileIn(place, target.mask);
  return {
    id,
    expression: text,
    category: target?.category ?? null,
    kind,
    image,
    readTruth: async (): Promise<Truth> => {
      if (mask === undefined) {
        return { box: null, mask: await emptyMask(folder, { sample: id, file: image }) };
      }
      return {
        box: box && checkBox(box, { sample: id, file: FILE }),
        mask: await readMask(folder, { sample: id, file: mask, above: 127 }),
      };
    },
  };
}

/** The truth of an expression about nothing in the scene, at the picture's size. */
async function emptyMask(folder: DatasetFolder, source: TruthSource): Promise<Mask> {
  const { widthPx, heightPx } = await openPicture(folder, source);
  return { widthPx, heightPx, data: new Uint8Array(widthPx * heightPx) };
}
