"""The demo VLM: transformers' Qwen2_5_VLForConditionalGeneration, and a forward of our own over ITS modules that shares
the image's prefix between the expressions of one image (equal to its own forward; `check_against_library` shows it)."""

import math

import torch
import torch.nn.functional as F
from torch import nn
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from device import on_cpu
from scenes import COLOURS, NAMES
from vocabulary import SPECIAL, chat

MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073])
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711])


@on_cpu
def build(settings: dict, tokenizer) -> Qwen2_5_VLForConditionalGeneration:
    ids = {name: tokenizer.convert_tokens_to_ids(name) for name in SPECIAL}
    text, vision = settings["text"], settings["vision"]
    config = Qwen2_5_VLConfig(
        text_config=dict(
            **{k: v for k, v in text.items() if k not in ("rope_theta", "mrope_section")},
            vocab_size=len(tokenizer), max_position_embeddings=4096, rms_norm_eps=1e-6, use_sliding_window=False,
            rope_parameters=dict(rope_type="default", rope_theta=text["rope_theta"], mrope_section=text["mrope_section"]),
            bos_token_id=ids["<|endoftext|>"], eos_token_id=ids["<|im_end|>"], pad_token_id=ids["<|endoftext|>"],
        ),
        vision_config=dict(**vision, out_hidden_size=text["hidden_size"], temporal_patch_size=2),
        image_token_id=ids["<|image_pad|>"], video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"], vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=False,
    )
    model = Qwen2_5_VLForConditionalGeneration._from_config(config, attn_implementation="eager")
    model.generation_config.eos_token_id = [ids["<|im_end|>"], ids["<|endoftext|>"]]
    model.generation_config.pad_token_id = ids["<|endoftext|>"]
    initialise(model)
    return model


def initialise(model) -> None:
    """Fan-in scaling; what feeds the residual stream smaller by the depth; unit-size embeddings."""
    text_depth = len(model.model.language_model.layers)
    vision_depth = len(model.model.visual.blocks)
    for name, p in model.named_parameters():
        if p.dim() < 2:
            continue
        if "embed_tokens" in name:
            nn.init.normal_(p, std=0.5)
            continue
        std = p[0].numel() ** -0.5
        if name.endswith(("o_proj.weight", "attn.proj.weight", "down_proj.weight")):
            std /= math.sqrt(2 * (vision_depth if "visual" in name else text_depth))
        if "lm_head" in name:
            std *= 0.5
        nn.init.normal_(p, std=std)
    for layer in model.model.language_model.layers[:2]:  # attention that depends on where, before it knows what
        nn.init.normal_(layer.self_attn.q_proj.bias, std=1.0)
        nn.init.normal_(layer.self_attn.k_proj.bias, std=1.0)


class Heads(nn.Module):
    """Auxiliary heads, used in training only. Category and colour are read by likeness to the words' own embeddings."""

    @on_cpu
    def __init__(self, width: int):
        super().__init__()
        self.look = nn.Linear(width, width)  # from vision cells
        self.cell = nn.Linear(width, width)  # from image tokens of the text model
        self.query = nn.Linear(width, width)  # from the prompt's end and the answer
        self.scale = nn.Parameter(torch.tensor(12.0))
        self.ground = nn.Parameter(torch.randn(2, width) * 0.3)
        self.extent = nn.Sequential(nn.Linear(width, 128), nn.GELU(), nn.Linear(128, 4))
        self.digits = nn.Linear(width, 4 * 2 * 10)
        self.pointer = nn.Linear(width, 64)  # from the answer's positions: which cell is meant
        self.pointed = nn.Linear(width, 64)  # from image tokens
        self.edges = nn.Linear(width, 4)  # from image tokens: the box, so that second digits can be read off a number
        for layer in (self.look, self.cell, self.query):
            nn.init.eye_(layer.weight)
            nn.init.zeros_(layer.bias)


def rms(x: torch.Tensor) -> torch.Tensor:
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)


class Trainer(nn.Module):
    """Forward and losses on batches of images with K expressions each."""

    def __init__(self, model, tokenizer, settings: dict, size: int):
        super().__init__()
        self.model, self.tokenizer, self.settings = model, tokenizer, settings
        self.heads = Heads(settings["text"]["hidden_size"])
        vision = settings["vision"]
        self.cell = vision["patch_size"] * vision["spatial_merge_size"]
        self.side = size // self.cell
        self.size = size
        self.prefix, _ = self.split("red ship")
        self.words = [[self.word_ids(n) for n in names] for names in NAMES]
        self.colour_words = torch.tensor([self.word_ids(c)[0] for c in COLOURS])
        self.digit_ids = torch.tensor([tokenizer.convert_tokens_to_ids(str(d)) for d in range(10)])

    def word_ids(self, text: str) -> list[int]:
        return self.tokenizer(" " + text)["input_ids"]

    def split(self, expression: str) -> tuple[list[int], list[int]]:
        """Token ids shared by all expressions of an image, and the expression's own."""
        ids = self.tokenizer(chat(self.side * self.side, expression))["input_ids"]
        end = ids.index(self.tokenizer.convert_tokens_to_ids("<|vision_end|>"))
        cut = end + 1 + 8  # "Locate it according to the following description."
        return ids[:cut], ids[cut:]

    # ── vision ────────────────────────────────────────────────────────────────────────────────────────────────────
    def see(self, pixels: torch.Tensor) -> torch.Tensor:
        """pixels [B H W 3] uint8 -> merged cells [B, side * side, C] in raster order."""
        v = self.settings["vision"]
        patch, merge, wide = v["patch_size"], v["spatial_merge_size"], v["window_size"]
        visual = self.model.model.visual
        x = (pixels.float() / 255 - MEAN) / STD
        b, h = x.shape[0], x.shape[1] // patch
        per, wins = wide // patch // merge, x.shape[1] // wide  # cells a window, windows a side
        x = x.view(b, h, patch, h, patch, 3).permute(0, 1, 3, 5, 2, 4).reshape(b, h, h, -1)
        weight = visual.patch_embed.proj.weight.sum(2).flatten(1)  # the frame is repeated in time
        x = F.linear(x, weight)  # [B h w C]
        grid = torch.stack(torch.meshgrid(torch.arange(h), torch.arange(h), indexing="ij"), -1)[None].float()

        def windows(t):  # [B h w C] -> [B, windows, patches, C], 2x2 groups contiguous
            t = t.view(-1, wins, per, merge, wins, per, merge, t.shape[-1])
            return t.permute(0, 1, 4, 2, 5, 3, 6, 7).reshape(t.shape[0], wins * wins, -1, t.shape[-1])

        x, at = windows(x), windows(grid)
        freqs = at[..., None] * visual.rotary_pos_emb.inv_freq  # [1 W P 2 f]
        freqs = freqs.flatten(-2)
        cos, sin = torch.cat([freqs.cos()] * 2, -1), torch.cat([freqs.sin()] * 2, -1)
        for i, block in enumerate(visual.blocks):
            x = x + self.vision_attention(block.attn, block.norm1(x), cos, sin, full=i in v["fullatt_block_indexes"])
            x = x + block.mlp(block.norm2(x))
        x = visual.merger(x.reshape(-1, x.shape[-1]))
        x = x.view(b, wins, wins, per, per, -1).permute(0, 1, 3, 2, 4, 5)
        return x.reshape(b, self.side * self.side, -1)

    def vision_attention(self, attn, x, cos, sin, full: bool):
        b, w, p, c = x.shape
        qkv = attn.qkv(x).view(b, w, p, 3, attn.num_heads, -1)
        q, k, v = qkv.unbind(3)  # [B W P N D]
        q, k = turn(q, cos, sin), turn(k, cos, sin)
        if full:
            q, k, v = (t.reshape(b, w * p, attn.num_heads, -1).transpose(1, 2) for t in (q, k, v))
        else:
            q, k, v = (t.reshape(b * w, p, attn.num_heads, -1).transpose(1, 2) for t in (q, k, v))
        out = F.scaled_dot_product_attention(q, k, v)
        return attn.proj(out.transpose(1, 2).reshape(b, w, p, c))

    # ── text ──────────────────────────────────────────────────────────────────────────────────────────────────────
    def positions(self, branch_length: int):
        """M-RoPE positions of the prefix [3 P] and of a branch [3 S]."""
        start = self.prefix.index(self.tokenizer.convert_tokens_to_ids("<|image_pad|>"))
        n = self.side * self.side
        before = torch.arange(start).repeat(3, 1)
        rows = torch.arange(n) // self.side
        cols = torch.arange(n) % self.side
        image = torch.stack([torch.zeros(n, dtype=torch.long), rows, cols]) + start
        after_count = len(self.prefix) - start - n
        after = torch.arange(after_count).repeat(3, 1) + start + self.side
        branch = torch.arange(branch_length).repeat(3, 1) + start + self.side + after_count
        return torch.cat([before, image, after], 1), branch, start

    def read(self, cells: torch.Tensor, branches: torch.Tensor, asked: torch.Tensor | None = None):
        """cells [B n C], branches [B K S] ids, asked [B K A] places whose output is wanted (all by default)

        -> the logits' inputs [B K A C], image states [B n C] and branch states [B K S C] after aux_layer.
        """
        lm = self.model.model.language_model
        b, k, s = branches.shape
        asked = torch.arange(s).expand(b, k, s) if asked is None else asked
        prefix_at, branch_at, start = self.positions(s)
        prefix = lm.embed_tokens(torch.tensor(self.prefix))[None].expand(b, -1, -1)
        prefix = torch.cat([prefix[:, :start], cells, prefix[:, start + cells.shape[1] :]], 1)
        p = prefix.shape[1]
        x = torch.cat([prefix, lm.embed_tokens(branches).flatten(1, 2)], 1)  # [B, P + K S, C]
        positions = torch.cat([prefix_at, branch_at.repeat(1, k)], 1)
        cos, sin = lm.rotary_emb(x, positions[:, None])
        turns = (cos[0], sin[0])
        everywhere = torch.arange(s).expand(b, k, s)
        aux = None
        for i, layer in enumerate(lm.layers):
            last = i == len(lm.layers) - 1
            y = layer.input_layernorm(x)
            if last:  # what nobody reads is not computed
                at = (p + torch.arange(k)[None, :, None] * s + asked).flatten(1)
                x = x.gather(1, at[..., None].expand(-1, -1, x.shape[-1]))
            x = x + self.text_attention(layer.self_attn, y, turns, p, asked if last else everywhere, s, not last)
            x = x + layer.mlp(layer.post_attention_layernorm(x))
            if i == self.settings["aux_layer"]:
                aux = x
        x = lm.norm(x).view(b, k, asked.shape[2], -1)
        return x, aux[:, start : start + cells.shape[1]], aux[:, p:].view(b, k, s, -1)

    def place(self, cells: torch.Tensor) -> torch.Tensor:
        """cells [B n C] -> the image tokens' states after aux_layer [B n C], without any branch."""
        lm = self.model.model.language_model
        at, _, start = self.positions(1)
        prefix = lm.embed_tokens(torch.tensor(self.prefix))[None].expand(cells.shape[0], -1, -1)
        x = torch.cat([prefix[:, :start], cells, prefix[:, start + cells.shape[1] :]], 1)
        cos, sin = lm.rotary_emb(x, at[:, None])
        none = torch.zeros(cells.shape[0], 0, 0, dtype=torch.long)
        for layer in lm.layers[: self.settings["aux_layer"] + 1]:
            y = layer.input_layernorm(x)
            x = x + self.text_attention(layer.self_attn, y, (cos[0], sin[0]), x.shape[1], none, 0, True)
            x = x + layer.mlp(layer.post_attention_layernorm(x))
        return x[:, start : start + cells.shape[1]]

    def text_attention(self, attn, x, turns, p: int, asked: torch.Tensor, s: int, with_prefix: bool):
        """x [B, P + K S, C] -> the prefix's outputs (if wanted) and those of the asked places, [B, (P +) K A, C]."""
        b, t, _ = x.shape
        n, a, d = asked.shape[1], asked.shape[2], attn.head_dim
        cos, sin = turns
        k = turn(attn.k_proj(x).view(b, t, -1, d), cos, sin).transpose(1, 2)
        v = attn.v_proj(x).view(b, t, -1, d).transpose(1, 2)
        k, v = (u.repeat_interleave(attn.num_key_value_groups, 1) for u in (k, v))  # [B N T D]
        out = []
        if with_prefix:
            q = turn(attn.q_proj(x).view(b, t, -1, d), cos, sin).transpose(1, 2)
            out.append(F.scaled_dot_product_attention(q[:, :, :p], k[:, :, :p], v[:, :, :p], is_causal=True))
            if t == p:
                return attn.o_proj(out[0].transpose(1, 2).reshape(b, p, -1))
            q = q[:, :, p:]
        else:
            at = (p + torch.arange(n)[None, :, None] * s + asked).flatten(1)
            chosen = x.gather(1, at[..., None].expand(-1, -1, x.shape[-1]))
            q = turn(attn.q_proj(chosen).view(b, n * a, -1, d), cos[at], sin[at]).transpose(1, 2)
        heads = q.shape[1]
        far = q @ k[:, :, :p].transpose(-1, -2)  # [B N (K A) P]
        ko, vo = (u[:, :, p:].reshape(b, heads, n, s, d) for u in (k, v))
        near = q.reshape(b, heads, n, a, d) @ ko.transpose(-1, -2)
        hidden = torch.arange(s) > asked[..., None]  # [B K A S]
        near = near.masked_fill(hidden[:, None], float("-inf")).view(b, heads, n * a, s)
        weights = (torch.cat([far, near], -1) * attn.scaling).softmax(-1)
        own = weights[..., p:].reshape(b, heads, n, a, s) @ vo
        out.append(weights[..., :p] @ v[:, :, :p] + own.view(b, heads, n * a, d))
        return attn.o_proj(torch.cat(out, 2).transpose(1, 2).reshape(b, -1, heads * d))

    # ── the words that classes are read by ────────────────────────────────────────────────────────────────────────
    def class_words(self, generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Embeddings of one name for each category (a synonym by chance) and of each colour, ground appended."""
        table = self.model.model.language_model.embed_tokens.weight
        picked = [names[int(generator.integers(len(names)))] for names in self.words]
        categories = torch.stack([table[torch.tensor(ids)].mean(0) for ids in picked])
        colours = table[self.colour_words]
        return categories, colours

    def classify(self, x: torch.Tensor, words: tuple[torch.Tensor, torch.Tensor], ground: bool):
        out = []
        for i, table in enumerate(words):
            if ground:
                table = torch.cat([table, self.heads.ground[i : i + 1]])
            logits = self.heads.scale * (rms(x) @ rms(table).T) / x.shape[-1]
            out.append(logits)
        return out


def turn(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotary embedding of x [..., T, N, D] with cos, sin [..., T, D] (rotate-half)."""
    a, b = x.chunk(2, -1)
    return x * cos.unsqueeze(-2) + torch.cat([-b, a], -1) * sin.unsqueeze(-2)


def answer_text(box) -> str:
    return "[" + ", ".join(f"{int(v):02d}" for v in box) + "]<|im_end|>"


def patches_for_library(pixels: torch.Tensor, patch: int, merge: int) -> tuple[torch.Tensor, torch.Tensor]:
    """What transformers' image processor hands to the model: pixel_values [B h w, 3 2 p p], image_grid_thw [B 3]."""
    x = (pixels.float() / 255 - MEAN) / STD
    b, size = x.shape[0], x.shape[1]
    side = size // patch // merge
    x = x.view(b, side, merge, patch, side, merge, patch, 3).permute(0, 1, 4, 2, 5, 7, 3, 6)  # B r c mr mc C pr pc
    x = x.reshape(b * side * side * merge * merge, 3, 1, patch, patch).expand(-1, -1, 2, -1, -1)
    return x.reshape(x.shape[0], -1), torch.tensor([[1, side * merge, side * merge]] * b)


def check_against_library(trainer: Trainer, pixels: torch.Tensor, expressions: list[str]) -> float:
    """Largest difference of logits between our shared-prefix forward and the library's, on one image."""
    with torch.no_grad():
        split = [trainer.split(e)[1] + trainer.tokenizer(answer_text((1, 22, 33, 94)))["input_ids"] for e in expressions]
        longest = max(map(len, split))
        ids = torch.tensor([[s + [0] * (longest - len(s)) for s in split]])
        x, _, _ = trainer.read(trainer.see(pixels[:1]), ids)
        ours = trainer.model.lm_head(x)[0]
        worst = 0.0
        for i, own in enumerate(split):
            full = torch.tensor([trainer.prefix + own])
            vision = trainer.settings["vision"]
            values, grid = patches_for_library(pixels[:1], vision["patch_size"], vision["spatial_merge_size"])
            types = (full == trainer.model.config.image_token_id).int()
            out = trainer.model(input_ids=full, pixel_values=values, image_grid_thw=grid, mm_token_type_ids=types)
            theirs = out.logits[0, len(trainer.prefix) :]
            worst = max(worst, (theirs - ours[i, : len(own)]).abs().max().item())
    return worst


