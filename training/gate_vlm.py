"""The gate of the VLM: layer-wise argmax of its attention inside the named object, by the library's own generate.

As METHOD.md section 1: the attention row of the last position at every step, mean over heads, image tokens, mean over steps.

    python training/gate_vlm.py --model ../training-runs/vlm/export --stage b --samples 200
"""

import argparse
import json
import re
from pathlib import Path

import numpy as np
import torch
from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer

from device import DEVICE, put
from scenes import Pool, cell_truth, read_shards
from vlm import patches_for_library
from vocabulary import chat

BATCH = 24


def held_out(pool: Pool, samples: int, seed: int = 7) -> list:
    """(image, owner, objects, expression), one expression a scene, always the same ones."""
    random = np.random.default_rng(seed)
    return [(rgb, owner, objects, said[0]) for rgb, owner, objects, said in (pool.draw(random, 1) for _ in range(samples))]


@torch.no_grad()
def answer(model, tokenizer, samples: list, patch: int, merge: int):
    """Greedy answers [text] and relevance [samples, L, h * w] of the whole model as its library runs it."""
    side = samples[0][0].shape[0] // patch // merge
    tokenizer.padding_side = "left"
    texts, maps = [], []
    for first in range(0, len(samples), BATCH):
        part = samples[first : first + BATCH]
        batch = tokenizer([chat(side * side, s[3][0]) for s in part], return_tensors="pt", padding=True).to(DEVICE)
        ids = batch["input_ids"]
        pixels = put(np.stack([s[0] for s in part]))
        values, grid = patches_for_library(pixels, patch, merge)
        types = (ids == model.config.image_token_id).int()
        out = model.generate(
            input_ids=ids, attention_mask=batch["attention_mask"], pixel_values=values, image_grid_thw=grid,
            mm_token_type_ids=types, max_new_tokens=20, do_sample=False, output_attentions=True,
            return_dict_in_generate=True,
        )
        new = out.sequences[:, ids.shape[1] :]
        stop = model.generation_config.eos_token_id[0]
        for i in range(len(part)):
            row = new[i].tolist()
            steps = row.index(stop) + 1 if stop in row else len(row)
            at = types[i].nonzero()[:, 0]
            layers = [
                torch.stack([a[i, :, -1, at].mean(0) for a in (out.attentions[t][layer] for t in range(steps))]).mean(0)
                for layer in range(len(out.attentions[0]))
            ]
            maps.append(torch.stack(layers))
            texts.append(tokenizer.decode(row, skip_special_tokens=True))
    return texts, torch.stack(maps).cpu().numpy()


def iou(a, b) -> float:
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    both = max(0, w) * max(0, h)
    area = lambda r: max(0, r[2] - r[0]) * max(0, r[3] - r[1])
    return both / max(1e-9, area(a) + area(b) - both)


def measure(model, tokenizer, samples: list, vision: dict) -> dict:
    """Per layer: argmax cell in the mask / its centre in the box / mass over area share; boxes: Pr@0.5 and mIoU."""
    patch, merge = vision["patch_size"], vision["spatial_merge_size"]
    texts, maps = answer(model, tokenizer, samples, patch, merge)
    cell = patch * merge
    side = samples[0][0].shape[0] // cell
    in_mask, in_box, mass, ious, chance = [], [], [], [], []
    for (_, owner, objects, said), text, layers in zip(samples, texts, maps, strict=True):
        box = objects[said[2]]["box"]
        only = np.where(owner == said[2] + 1, 1, 0).astype(np.uint8)
        share = only.reshape(side, cell, side, cell).mean((1, 3)).reshape(-1)
        at = np.concatenate([layers, layers[2:].mean(0, keepdims=True)]).argmax(1)
        x, y = (at % side + 0.5) * cell, (at // side + 0.5) * cell
        in_mask.append(share[at] >= 0.25)
        in_box.append((x >= box[0]) & (x < box[2]) & (y >= box[1]) & (y < box[3]))
        mass.append((layers * share).sum(1) / layers.sum(1) / share.mean())
        numbers = [int(n) for n in re.findall(r"\d+", text)]
        ious.append(iou(numbers, box) if len(numbers) == 4 else 0.0)
        chance.append(1 / len(objects))
    return {
        "n": len(samples),
        "argmax_in_mask": np.mean(in_mask, 0).round(3).tolist(),
        "argmax_in_box": np.mean(in_box, 0).round(3).tolist(),
        "mass_over_share": np.mean(mass, 0).round(2).tolist(),
        "pr50": round(float(np.mean(np.array(ious) >= 0.5)), 3),
        "miou": round(float(np.mean(ious)), 3),
        "uniform_object": round(float(np.mean(chance)), 3),
        "examples": texts[:2],
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", default="../training-data")
    parser.add_argument("--stage", default="b")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--samples", type=int, default=200)
    args = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer = Qwen2Tokenizer.from_pretrained(args.model)
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(args.model, attn_implementation="eager", dtype=torch.float32).to(DEVICE)
    shards = read_shards(Path(args.data), args.stage, args.size, range(900_000_000, 950_000_000))
    vision = model.config.vision_config
    sizes = {"patch_size": vision.patch_size, "spatial_merge_size": vision.spatial_merge_size}
    print(json.dumps(measure(model, tokenizer, held_out(Pool(shards), args.samples), sizes), indent=1))


if __name__ == "__main__":
    main()
