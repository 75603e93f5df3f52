"""The tokenizers of the demo set, in the published forms: Qwen2's tokenizer.json and CLIP's vocab.json + merges.txt."""

import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import Qwen2Tokenizer

PROMPT_BEFORE = "Locate it according to the following description.  "
PROMPT_AFTER = " The output format should be like [x1, y1, x2, y2] without any other text."

# The split pattern and the special tokens are those of the published Qwen2.5-VL tokenizer.
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIAL = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
    "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
]
CHAT_TEMPLATE = (
    "{% set image_count = namespace(value=0) %}{% set video_count = namespace(value=0) %}"
    "{% for message in messages %}"
    "{% if loop.first and message['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
    "<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}<|im_end|>\n"
    "{% else %}{% for content in message['content'] %}"
    "{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}"
    "{% set image_count.value = image_count.value + 1 %}"
    "{% if add_vision_id %}Picture {{ image_count.value }}: {% endif %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif content['type'] == 'video' or 'video' in content %}"
    "{% set video_count.value = video_count.value + 1 %}"
    "{% if add_vision_id %}Video {{ video_count.value }}: {% endif %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def chat(image_tokens: int, expression: str) -> str:
    """The whole prompt as text, the image's placeholder repeated once for each merged cell."""
    return (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|>"
        + "<|image_pad|>" * image_tokens
        + f"<|vision_end|>{PROMPT_BEFORE}{expression}{PROMPT_AFTER}<|im_end|>\n<|im_start|>assistant\n"
    )


def train_qwen2(expressions: list[str]) -> Qwen2Tokenizer:
    """Byte-level BPE whose merges make one token of every word that the prompt and the expressions use."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=False))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), behavior="isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    corpus = [PROMPT_BEFORE + e + PROMPT_AFTER for e in expressions]
    corpus += ["system\nYou are a helpful assistant.", "user\n", "assistant\n", "[0, 1, 2, 3]"] * 50
    trainer = trainers.BpeTrainer(
        vocab_size=4000, min_frequency=2, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(corpus, trainer)
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    return Qwen2Tokenizer(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", unk_token=None, bos_token=None,
        chat_template=CHAT_TEMPLATE, model_max_length=32768, additional_special_tokens=SPECIAL[1:],
    )


def load_or_train_qwen2(folder: Path, expressions: list[str]) -> Qwen2Tokenizer:
    if not (folder / "tokenizer.json").exists():
        train_qwen2(expressions).save_pretrained(folder)
    return Qwen2Tokenizer.from_pretrained(folder)


def save_clip(folder: Path, expressions: list[str]) -> int:
    """vocab.json and merges.txt in CLIP's form (lower case, `</w>` ends a word); returns the vocabulary's size."""
    if not (folder / "vocab.json").exists():
        letters = pre_tokenizers.ByteLevel.alphabet()
        tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
        tokenizer.normalizer = normalizers.Lowercase()
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        trainer = trainers.BpeTrainer(vocab_size=4000, min_frequency=2, end_of_word_suffix="</w>", show_progress=False)
        tokenizer.train_from_iterator(expressions, trainer)
        trained = json.loads(tokenizer.to_str())["model"]["merges"]
        merges = [" ".join(m) if isinstance(m, list) else m for m in trained]
        words = [*sorted(letters), *(c + "</w>" for c in sorted(letters)), *(m.replace(" ", "") for m in merges)]
        words = list(dict.fromkeys([*words, "<|startoftext|>", "<|endoftext|>"]))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
        (folder / "vocab.json").write_text(json.dumps({w: i for i, w in enumerate(words)}, ensure_ascii=False))
        end = {"content": "<|endoftext|>", "lstrip": False, "rstrip": False, "normalized": True, "single_word": False}
        begin = {**end, "content": "<|startoftext|>"}
        special = {"bos_token": begin, "eos_token": end, "unk_token": end, "pad_token": "<|endoftext|>"}
        (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=2))
        config = {**special, "add_prefix_space": False, "do_lower_case": True, "errors": "replace",
                  "model_max_length": 77, "tokenizer_class": "CLIPTokenizer"}
        (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2))
    return len(json.loads((folder / "vocab.json").read_text()))
