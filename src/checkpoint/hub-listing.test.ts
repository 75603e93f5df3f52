import { describe, expect, it } from 'vitest';
import { neededFiles } from './hub-listing.ts';

const ID = 'org/tiny';
const refused = (code: string, message: string | RegExp = '') =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('neededFiles', () => {
  const names = (...paths: string[]): string[] => neededFiles(paths, { id: ID });

  it('of Qwen2.5-VL are its configurations, tokenizer and shards', () => {
    const needed = [
      'chat_template.json',
      'config.json',
      'generation_config.json',
      'merges.txt',
      'preprocessor_config.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'vocab.json',
    ];
    const weights = [
      'model.safetensors.index.json',
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
    ];
    expect(names('.gitattributes', 'LICENSE', 'README.md', ...needed, ...weights)).toEqual([
      ...needed,
      ...weights,
    ]);
  });

  const diffusers = [
    'model_index.json',
    'tokenizer/merges.txt',
    'tokenizer/special_tokens_map.json',
    'tokenizer/vocab.json',
    'text_encoder/config.json',
    'text_encoder/model.safetensors',
    'vae/config.json',
    'vae/diffusion_pytorch_model.safetensors',
    'unet/config.json',
    'unet/diffusion_pytorch_model.safetensors',
    'scheduler/scheduler_config.json',
  ];
  const others = [
    'v1-5-pruned.safetensors',
    'v1-inference.yaml',
    'safety_checker/model.safetensors',
    'feature_extractor/preprocessor_config.json',
    'unet/diffusion_pytorch_model.bin',
    'unet/diffusion_pytorch_model.non_ema.safetensors',
    'vae/diffusion_flax_model.msgpack',
  ];
  const fp16 = [
    'text_encoder/model.fp16.safetensors',
    'vae/diffusion_pytorch_model.fp16.safetensors',
    'unet/diffusion_pytorch_model.fp16.safetensors',
  ];

  it('of Stable Diffusion are those of its five parts', () => {
    expect(names(...others, ...diffusers, ...fp16)).toEqual(diffusers);
    const half = neededFiles([...others, ...diffusers, ...fp16], { id: ID, variant: 'fp16' });
    expect(half.filter((path) => path.endsWith('.safetensors'))).toEqual(fp16);
    const onlyHalf = diffusers.filter((path) => !path.endsWith('.safetensors'));
    expect(names(...onlyHalf, ...fp16).filter((path) => path.endsWith('.safetensors'))).toEqual(
      fp16,
    );
  });

  it('must be there as safetensors', () => {
    expect(() => names('config.json', 'pytorch_model.bin')).toThrow(refused('CHECKPOINT_BIN_ONLY'));
    expect(() => names('config.json')).toThrow(refused('CHECKPOINT_FILE_MISSING'));
    expect(() => neededFiles(['model.safetensors'], { id: ID, variant: 'fp16' })).toThrow(
      refused('CHECKPOINT_FILE_MISSING', /fp16/),
    );
  });
});
