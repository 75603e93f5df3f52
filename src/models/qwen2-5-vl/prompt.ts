/**
 * From an expression to token ids: the question of METHOD.md §1 in the checkpoint's own chat template, with the image's
 * place between the ids before and after it.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { JSON_LIMITS, readJson } from '../../checkpoint/json-file.ts';
import { readText } from '../../checkpoint/regular-file.ts';
import { ZeroovError } from '../../errors.ts';
import { type ByteLevelBpe, byteLevelBpe } from '../../text/byte-level-bpe.ts';
import { type ChatParts, renderChat } from '../../text/chat-template.ts';

const IMAGE = '<|image_pad|>';
/** End the answer, whatever generation_config.json says. */
const ENDS = ['<|im_end|>', '<|endoftext|>'];

/** The ids of one user turn, ready for an answer. */
export interface PromptTokens {
  /** Up to and with `<|vision_start|>`. */
  readonly before: readonly number[];
  /** From `<|vision_end|>` on: the question, and the start of the answer. */
  readonly after: readonly number[];
}

/** What the model is asked, verbatim; two spaces before the expression. */
export function question(expression: string): string {
  return `Locate it according to the following description.  ${expression} The output format should be like [x1, y1, x2, y2] without any other text.`;
}

/** A checkpoint's tokenizer and chat template. */
export class Prompter {
  /** Stands for an image token where a prompt is written as ids. */
  readonly imageId: number;
  readonly endIds: readonly number[];
  private readonly before: readonly number[];
  private readonly between: readonly number[];
  private readonly after: readonly number[];

  /** @throws TOKENIZER_UNSUPPORTED when the template does not put one image before the text, or a token is missing */
  constructor(
    readonly tokenizer: ByteLevelBpe,
    { template, file }: { template: string; file: string },
  ) {
    const parts: ChatParts = renderChat({ template, file });
    const [before, between, ...rest] = parts.before.split(IMAGE);
    if (before === undefined || between === undefined || rest.length > 0) {
      const reason = `the chat template does not put one ${IMAGE} before the text`;
      throw new ZeroovError('TOKENIZER_UNSUPPORTED', { file, reason });
    }
    this.imageId = tokenizer.idOf(IMAGE);
    this.endIds = ENDS.map((token) => tokenizer.idOf(token));
    this.before = tokenizer.encodeTemplate(before);
    this.between = tokenizer.encodeTemplate(between);
    this.after = tokenizer.encodeTemplate(parts.after);
  }

  /** The expression is encoded as plain text: what spells a special token in it is only letters. */
  encode(expression: string): PromptTokens {
    const asked = this.tokenizer.encode(question(expression));
    return { before: this.before, after: [...this.between, ...asked, ...this.after] };
  }
}

/**
 * Reads tokenizer.json and the chat template: chat_template.jinja (newer saves), chat_template.json, or the one in
 * tokenizer_config.json.
 *
 * @throws TOKENIZER_UNSUPPORTED, CONFIG_INVALID, CHECKPOINT_FILE_MISSING, CHECKPOINT_UNREADABLE, FILE_TOO_LARGE
 */
export async function readPrompter(folder: string): Promise<Prompter> {
  const file = join(folder, 'tokenizer.json');
  const json = await readJson({ file, schema: z.unknown(), limit: JSON_LIMITS.tokenizer });
  return new Prompter(byteLevelBpe({ json, file }), await readTemplate(folder));
}

async function readTemplate(folder: string): Promise<{ template: string; file: string }> {
  const jinja = join(folder, 'chat_template.jinja');
  if (existsSync(jinja)) {
    const text = await readText({ path: jinja, checkpoint: folder, limit: JSON_LIMITS.config });
    if (text !== null) return { template: text, file: jinja };
    throw new ZeroovError('CONFIG_INVALID', { file: jinja, reason: 'it is not UTF-8' });
  }
  const beside = join(folder, 'chat_template.json');
  const file = existsSync(beside) ? beside : join(folder, 'tokenizer_config.json');
  const schema = z.object({ chat_template: z.string() });
  const { chat_template: template } = await readJson({ file, schema });
  return { template, file };
}
