import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { renderChat } from './chat-template.ts';

// The template that Qwen publishes with Qwen2.5-VL (chat_template.json), its video branch left out.
const QWEN2_5_VL =
  "{% set image_count = namespace(value=0) %}{% for message in messages %}{% if loop.first and message['role'] != " +
  "'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}<|im_start|>{{ message['role'] }}\n" +
  "{% if message['content'] is string %}{{ message['content'] }}<|im_end|>\n{% else %}{% for content in " +
  "message['content'] %}{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}{% set " +
  'image_count.value = image_count.value + 1 %}{% if add_vision_id %}Picture {{ image_count.value }}: {% endif %}' +
  "<|vision_start|><|image_pad|><|vision_end|>{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}" +
  '<|im_end|>\n{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}';

const file = 'chat_template.json';
const refused = (reason: RegExp) =>
  expect.objectContaining({
    code: 'TOKENIZER_UNSUPPORTED',
    message: expect.stringMatching(reason),
  });

describe('renderChat', () => {
  it('gives what stands before and after the user’s text', () => {
    // The published prompt format; token ids of the whole are checked against transformers in the parity tests.
    expect(renderChat({ template: QWEN2_5_VL, file })).toEqual({
      before:
        '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>',
      after: '<|im_end|>\n<|im_start|>assistant\n',
    });
  });

  it('equals what transformers 5.18 makes of a user turn (tests/fixtures/vlm-a, see its birth.json)', () => {
    const folder = new URL('../../tests/fixtures/vlm-a/', import.meta.url);
    const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, folder), 'utf8'));
    const { chat_template: template } = read('vlm/chat_template.json') as { chat_template: string };
    const chats = read('golden/chat.json') as {
      messages: { content: string | { type: string; text?: string }[] }[];
      addGenerationPrompt: boolean;
      text: string;
    }[];
    const { before, after } = renderChat({ template, file });
    const [first] = chats;
    expect(first?.addGenerationPrompt).toBe(true);
    const part = first?.messages[0]?.content[1];
    const spoken = typeof part === 'object' ? part.text : undefined;
    expect(`${before}${spoken}${after}`).toBe(first?.text);
  });

  it.each([
    ['does not parse', '{% for %}', /does not render/],
    ['raises', "{{ raise_exception('no images here') }}", /no images here/],
    ['drops the text', 'hello', /exactly once/],
    [
      'repeats the text',
      '{% for i in range(2) %}{{ messages[0].content[1].text }}{% endfor %}',
      /exactly once/,
    ],
    ['is too long', ' '.repeat(100_001), /100001 characters/],
    ['loops', '{% for a in range(30000) %}'.repeat(4) + '{% endfor %}'.repeat(4), /timed out/],
  ])('refuses a template that %s', (_, template, reason) => {
    expect(() => renderChat({ template, file })).toThrow(refused(reason));
  });
});
