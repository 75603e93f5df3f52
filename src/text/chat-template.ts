import { randomUUID } from 'node:crypto';
import { runInNewContext } from 'node:vm';
import { Template } from '@huggingface/jinja';
import { ZeroovError } from '../errors.ts';

/** Published templates have under 10 kB and take milliseconds; a hostile one may loop, so rendering is cut off. */
const MAX_CHARACTERS = 100_000;
const TIMEOUT_MS = 2_000;

/** A rendered turn, cut where the user's text goes: encode `before` and `after` as template, the text as text. */
export interface ChatParts {
  readonly before: string;
  readonly after: string;
}

/**
 * Renders a checkpoint's Jinja chat template for one user turn [image, text] and the start of the answer.
 *
 * The user's text never meets the template: a random mark stands for it, so nothing a user writes can be taken for
 * the template's own. The template must put the text out once, unchanged.
 *
 * @param file what an error calls it
 * @throws TOKENIZER_UNSUPPORTED the template does not parse, render, end in time, or put the text out just once
 */
export function renderChat({ template, file }: { template: string; file: string }): ChatParts {
  const refuse = (reason: string, cause?: unknown) =>
    new ZeroovError('TOKENIZER_UNSUPPORTED', { file, reason }, { cause });
  if (template.length > MAX_CHARACTERS) {
    const limit = MAX_CHARACTERS;
    throw refuse(`the chat template has ${template.length} characters, the limit is ${limit}`);
  }
  const mark = `text-${randomUUID()}`;
  const content = [{ type: 'image' }, { type: 'text', text: mark }];
  const messages = [{ role: 'user', content }];
  const render = () => new Template(template).render({ messages, add_generation_prompt: true });
  let rendered: string;
  try {
    // Only for the time limit: it ends whatever runs inside the call. The template itself can reach nothing.
    rendered = runInNewContext('render()', { render }, { timeout: TIMEOUT_MS });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw refuse(`the chat template does not render (${reason})`, cause);
  }
  const [before, after, ...rest] = rendered.split(mark);
  if (before === undefined || after === undefined || rest.length > 0) {
    throw refuse('the chat template does not put the text of a user turn out exactly once');
  }
  return { before, after };
}
