/** `zeroov ground`: an expression and a picture in, the object's outline and its record out. */
import { Command } from 'commander';
import { ZeroovError } from '../errors.ts';
import { openScene, type Scene } from '../imagery/scene.ts';
import { checkExpression, createGrounder, type Grounder } from '../pipeline/grounder.ts';
import { resolveOptions } from '../pipeline/presets.ts';
import { resolveSceneOptions } from '../pipeline/scene-options.ts';
import { planTiles } from '../pipeline/tiles.ts';
import { assertMayStart, chooseCheckpoints } from './chosen-checkpoints.ts';
import type { Context } from './context.ts';
import { addGroundFlags, type GroundFlags, methodOptionsOf } from './ground-flags.ts';
import { groundPicture } from './ground-picture.ts';
import { groundOverTiles } from './ground-scene.ts';
import { assertTarget } from './output-target.ts';
import { addSceneFlags, assertPlaced, type SceneFlags, sceneOptionsOf } from './scene-flags.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const HELP = `
Several expressions share one look at the picture and go to OUT/1-…, OUT/2-…; one goes to OUT itself.
Not found is an answer: the exit status is 0 and "found" is false. Boxes are [x1, y1, x2, y2] in pixels,
far edge exclusive. A scene larger than one tile is searched tile by tile.

Examples:
  $ zeroov ground scene.png "the blue building"
  $ zeroov ground harbour.jpg "the white ship next to the pier" -o out \\
      --vlm Qwen/Qwen2.5-VL-7B-Instruct --diffusion CompVis/stable-diffusion-v1-4
  $ zeroov ground scene.png "the blue building" --refine box -o out
  $ zeroov ground harbour.jpg "the crane" "the largest tank" -o out --preset no-focus --json
  $ zeroov ground city.tif "the stadium" --bands 4,3,2 --within district.geojson -o out
  $ zeroov ground city.tif "the stadium" --search exhaustive --all -o stadiums.gpkg
`;

export function groundCommand({ signal }: Context): Command {
  const command = new Command('ground')
    .description(
      'find what an expression says in a picture; write its mask, box, pictures and record',
    )
    .argument('<image>', 'GeoTIFF, COG, TIFF, PNG, JPEG or WebP')
    .argument('<expression...>', 'what to look for, in your own words')
    .addHelpText('after', HELP);
  return addSceneFlags(addGroundFlags(command)).action(
    async (image: string, expressions: string[], _flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<GroundFlags & SceneFlags>();
      await run({ image, expressions, flags, signal, terminal: openTerminal(flags) });
    },
  );
}

interface Job {
  readonly image: string;
  readonly expressions: readonly string[];
  readonly flags: GroundFlags & SceneFlags;
  readonly signal: AbortSignal;
  readonly terminal: Terminal;
}

/** What can be refused is refused before a network runs: text, picture, checkpoints, and where to write. */
async function run(job: Job): Promise<void> {
  const { expressions, flags } = job;
  for (const expression of expressions) checkExpression(expression);
  if (flags.resume && flags.output === undefined) {
    throw new ZeroovError('USAGE', {
      reason: '--resume needs the -o of the search that was cut off',
    });
  }
  if (flags.whole && (flags.within !== undefined || flags.resume)) {
    const given = flags.resume ? '--resume' : '--within';
    throw new ZeroovError('USAGE', {
      reason: `${given} is for a search over tiles, --whole does none`,
    });
  }
  const started = performance.now();
  const { bands, stretch, epsg, nodata: noData } = flags;
  const scene = await openScene(job.image, { bands, stretch, epsg, noData });
  try {
    if (!scene.place) assertPlaced(flags, scene.placeProblem!);
    assertTarget({ expressions, flags, placeProblem: scene.placeProblem });
    const grounder = await openGrounder(job);
    const openSeconds = (performance.now() - started) / 1000;
    const groundIt = isTiled(scene, flags) ? groundOverTiles : groundPicture;
    await groundIt({ ...job, scene, grounder, openSeconds }).finally(() => grounder.dispose());
  } finally {
    await scene.close();
  }
}

async function openGrounder({ flags, signal, terminal }: Job): Promise<Grounder> {
  const refines = resolveOptions(methodOptionsOf(flags)).refine !== 'none';
  const chosen = await chooseCheckpoints(flags, { terminal, signal, refines });
  const { provider, threads } = flags;
  assertMayStart(provider);
  return createGrounder({ ...chosen, provider, threads });
}

/** Whether the scene is larger than what the networks see at once, or only a part of it is asked for. */
function isTiled(scene: Scene, flags: SceneFlags): boolean {
  if (flags.whole) return false;
  const { tilePx, overlap, scales } = resolveSceneOptions(sceneOptionsOf(flags));
  const finest = planTiles(scene, { tilePx, overlap, scale: Math.max(...scales) });
  return finest.length > 1 || flags.within !== undefined;
}
