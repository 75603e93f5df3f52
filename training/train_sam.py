"""Trains the demo SAM (transformers' SamModel) on scenes at 256 px; run it again to go on.

    training/run.sh train_sam.py            # settings: training/config.toml, [sam]
    training/run.sh train_sam.py --gate     # only the gate of what was trained so far

Prompts are imprecise on purpose: what Refine hands over is the box of a rough mask. Candidates are trained as in the paper:
the best of three learns the mask, the IoU head learns how good each one is.
"""

import argparse
import json
import os
import time
import tomllib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from transformers import SamConfig, SamModel

from curve import cut_back, write_curve
from device import DEVICE, autocast, load, on_cpu, put, save
from scenes import read_shards, seeds_for

HERE = Path(__file__).parent
MEAN = torch.tensor([0.485, 0.456, 0.406])
STD = torch.tensor([0.229, 0.224, 0.225])
KINDS = ["box", "points", "box+points", "mask"]


@on_cpu
def build(network: dict) -> SamModel:
    width, side, patch = network["decoder_hidden"], network["image_size"], network["patch_size"]
    model = SamModel._from_config(SamConfig(
        vision_config=dict(
            **network["vision"], image_size=side, patch_size=patch, output_channels=width, num_pos_feats=width // 2,
            mlp_ratio=network["mlp_ratio"],
        ),
        prompt_encoder_config=dict(hidden_size=width, image_size=side, patch_size=patch),
        mask_decoder_config=dict(hidden_size=width, iou_head_hidden_dim=width, **network["decoder"]),
    ), attn_implementation="eager")
    initialise(model)
    return model


def initialise(model: SamModel) -> None:
    """Fan-in scaling instead of the library's 1e-10; the waves of the positions are fixed and of size 1, as published."""
    for module in model.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            nn.init.normal_(module.weight, std=module.weight[0].numel() ** -0.5)
        elif isinstance(module, nn.ConvTranspose2d):
            nn.init.normal_(module.weight, std=module.weight.shape[0] ** -0.5)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=0.5)
    for layer in model.vision_encoder.layers:
        for last in (layer.attn.proj, layer.mlp.lin2):
            last.weight.data /= (2 * len(model.vision_encoder.layers)) ** 0.5
    nn.init.normal_(model.vision_encoder.pos_embed, std=0.02)
    waves = model.shared_image_embedding.positional_embedding
    nn.init.normal_(waves, std=1.0)
    waves.requires_grad_(False)


class Prompts:
    """One step's prompts, all of one kind: `count` objects of each scene, as the network reads them (P = scenes * count)."""

    def __init__(self, masks: np.ndarray, kind: str, random: np.random.Generator):
        boxes = np.stack([jitter(tight_box(m), m.shape[0], random) for m in masks])
        self.boxes = put(boxes).float()  # [P 4]
        n = int(random.integers(1, 4))
        drawn = [draw_points(m, n, random) for m in masks] if "points" in kind else []
        self.input = {
            "input_boxes": self.boxes[:, None] if "box" in kind else None,
            "input_points": torch.tensor(np.stack([p for p, _ in drawn]))[:, None].float() if drawn else None,
            "input_labels": torch.tensor(np.stack([says for _, says in drawn]))[:, None] if drawn else None,
            "input_masks": rough_logits(put(masks).float(), random) if kind == "mask" else None,
        }


def tight_box(mask: np.ndarray) -> np.ndarray:
    ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([xs[0], ys[0], xs[-1] + 1, ys[-1] + 1], dtype=np.float64)


def jitter(box: np.ndarray, side: int, random: np.random.Generator) -> np.ndarray:
    """The box of an imprecise mask: moved and scaled by up to 30 %, each side by up to 10 % more; inside the picture."""
    centre, size = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
    strength = random.random()
    centre = centre + random.uniform(-0.3, 0.3, 2) * strength * size
    size = size * np.exp(random.uniform(-0.36, 0.36, 2) * strength)
    out = np.concatenate([centre - size / 2, centre + size / 2]) + random.uniform(-0.1, 0.1, 4) * strength * np.tile(size, 2)
    out = np.clip(out, 0, side)
    out[2:] = np.maximum(out[2:], out[:2] + 2)
    return out


def draw_points(mask: np.ndarray, n: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """n pixels [n 2] as x, y and whether each is in the object; the first one is."""
    says = np.where(random.random(n) < 0.75, 1, 0)
    says[0] = 1
    box = tight_box(mask)
    near = np.zeros_like(mask)
    x0, y0, x1, y1 = (int(v) for v in np.clip(box + np.array([-24, -24, 24, 24]), 0, mask.shape[0]))
    near[y0:y1, x0:x1] = 1
    out = []
    for s in says:
        ys, xs = np.nonzero(mask if s else near & ~mask)
        at = random.integers(len(ys))
        out.append([xs[at], ys[at]])
    return np.array(out), says


def rough_logits(masks: torch.Tensor, random: np.random.Generator) -> torch.Tensor:
    """masks [P H H] -> logits [P 1 H/2 H/2] as Refine writes them: a blurred, moved, noisy mask as log odds within ±6.9."""
    p, side, _ = masks.shape
    cells = int(random.choice([16, 32]))
    coarse = F.avg_pool2d(masks[:, None], side // cells)
    rolled = [torch.roll(m, tuple(int(v) for v in random.integers(-1, 2, 2)), (1, 2)) for m in coarse]
    noise = put(random.normal(0, 0.15, (p, 1, cells, cells))).float()
    soft = F.avg_pool2d(F.pad(torch.stack(rolled) + noise, (1, 1, 1, 1), mode="replicate"), 3, 1)
    soft = F.interpolate(soft, size=side // 2, mode="bilinear").clamp(1e-3, 1 - 1e-3)
    return soft.logit() - torch.tensor(random.uniform(0.2, 0.5)).logit().float()


def draw(shards: list, random: np.random.Generator, scenes: int, count: int) -> tuple[torch.Tensor, np.ndarray]:
    """[B 3 H H] normalised pictures, turned and mirrored by chance; masks [B * count, H, H] bool of drawn objects."""
    pixels, masks = [], []
    while len(pixels) < scenes:
        shard = shards[random.integers(len(shards))]
        i = random.integers(len(shard.rgb))
        turns, mirror = int(random.integers(4)), random.random() < 0.5
        rgb, owner = (np.rot90(a, turns) for a in (shard.rgb[i], shard.owner[i]))
        if mirror:
            rgb, owner = rgb[:, ::-1], owner[:, ::-1]
        seen = np.flatnonzero(np.bincount(owner.ravel(), minlength=2)[1:] >= 40) + 1
        if len(seen) == 0:
            continue
        pixels.append(normalise(rgb))
        masks += [owner == k for k in random.choice(seen, count, replace=len(seen) < count)]
    return torch.stack(pixels), np.stack(masks)


def normalise(rgb: np.ndarray) -> torch.Tensor:
    x = put(np.array(rgb)).float() / 255
    return ((x - MEAN) / STD).permute(2, 0, 1)


def predict(model: SamModel, pixels: torch.Tensor, prompts: Prompts, several: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """-> logits [P, 3 or 1, H/2, H/2] and predicted IoUs [P, 3 or 1]. Each prompt has its own dense embedding."""
    seen = model.vision_encoder(pixels)[0]
    count = prompts.boxes.shape[0] // pixels.shape[0]
    seen = seen.repeat_interleave(count, 0)
    wide = model.get_image_wide_positional_embeddings().expand(seen.shape[0], -1, -1, -1)
    sparse, dense = model.prompt_encoder(**prompts.input)
    masks, ious = model.mask_decoder(
        image_embeddings=seen, image_positional_embeddings=wide, sparse_prompt_embeddings=sparse,
        dense_prompt_embeddings=dense, multimask_output=several,
    )
    return masks[:, 0].float(), ious[:, 0].float()


def losses(logits: torch.Tensor, ious: torch.Tensor, masks: torch.Tensor) -> tuple[torch.Tensor, dict]:
    """logits [P C h h], masks [P H H]: BCE + dice of the best candidate, a little of the others; MSE of the IoUs."""
    truth = F.avg_pool2d(masks[:, None], masks.shape[-1] // logits.shape[-1])  # [P 1 h h], 0..1
    bce = F.binary_cross_entropy_with_logits(logits, truth.expand_as(logits), reduction="none")
    # An object covers about 3 %: near it counts as much as all the rest.
    weight = 0.3 + 3.0 * F.max_pool2d(truth, 9, 1, 4)
    bce = (bce * weight).mean((2, 3)) / weight.mean((2, 3))
    p = logits.sigmoid()
    dice = 1 - (2 * (p * truth).sum((2, 3)) + 1) / (p.sum((2, 3)) + truth.sum((2, 3)) + 1)
    each = bce + dice  # [P C]
    with torch.no_grad():
        inside, is_true = logits > 0, truth >= 0.5
        got = (inside & is_true).sum((2, 3)) / (inside | is_true).sum((2, 3)).clamp(min=1)
    best = each.min(1).values.mean()
    off = F.mse_loss(ious, got)
    figures = {"best": best.item(), "iou": got.max(1).values.mean().item(), "picked": pick(got, ious).mean().item(), "iou_mse": off.item()}
    return best + 0.1 * each.mean() + off, figures


def pick(of: torch.Tensor, ious: torch.Tensor) -> torch.Tensor:
    """The entry [P, ...] of the candidate with the best predicted IoU."""
    return of[torch.arange(of.shape[0]), ious.argmax(1)]


@torch.no_grad()
def gate(model: SamModel, shards: list, samples: int) -> dict:
    """Held-out scenes, always the same prompts: mean IoU of the picked mask at full size, and of the prompt's own box."""
    out = {}
    for kind in KINDS:
        random = np.random.default_rng(7)
        got, boxes = [], []
        for _ in range(max(1, samples // 16)):
            pixels, masks = draw(shards, random, 8, 2)
            prompts = Prompts(masks, kind, random)
            logits, ious = predict(model, pixels, prompts, True)
            full = F.interpolate(pick(logits, ious)[:, None], size=masks.shape[-1], mode="bilinear")[:, 0] > 0
            truth = put(masks)
            got.append(iou(full, truth))
            boxes.append(iou(filled(prompts.boxes, masks.shape[-1]), truth))
        got, boxes = torch.cat(got), torch.cat(boxes)
        out[kind] = {"n": len(got), "miou": round(got.mean().item(), 3), "pr50": round((got >= 0.5).float().mean().item(), 3), "pr80": round((got >= 0.8).float().mean().item(), 3)}
        if "box" in kind:
            out[kind]["miou_of_box"] = round(boxes.mean().item(), 3)
    return out


def iou(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a & b).sum((1, 2)) / (a | b).sum((1, 2)).clamp(min=1)


def filled(boxes: torch.Tensor, side: int) -> torch.Tensor:
    """[P 4] -> [P H H] bool: the pixels whose centres a box holds."""
    at = torch.arange(side) + 0.5
    x = (at >= boxes[:, None, 0]) & (at < boxes[:, None, 2])
    y = (at >= boxes[:, None, 1]) & (at < boxes[:, None, 3])
    return y[:, :, None] & x[:, None, :]


class Run:
    """State on disk: model, optimiser, averaged weights, step."""

    def __init__(self):
        config = tomllib.loads((HERE / "config.toml").read_text())
        self.settings = config["sam"]
        torch.set_num_threads(int(os.environ.get("ZV_THREADS", self.settings["threads"])))
        torch.manual_seed(self.settings["seed"])
        self.folder = (HERE / config["data"]["runs"]).resolve() / "sam"
        self.folder.mkdir(parents=True, exist_ok=True)
        data, held_out = (HERE / config["data"]["folder"]).resolve(), config["data"]["held_out_seed"]
        side = self.settings["network"]["image_size"]
        self.shards, self.held_out = (
            [s for stage in self.settings["stages"] for s in read_shards(data, stage, side, seeds_for(part, held_out))]
            for part in ("train", "val")
        )
        self.model = build(self.settings["network"]).to(DEVICE)
        self.learning = [p for p in self.model.parameters() if p.requires_grad]
        groups = [
            {"params": [p for p in self.learning if p.dim() > 1], "weight_decay": self.settings["weight_decay"]},
            {"params": [p for p in self.learning if p.dim() < 2], "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, lr=self.settings["lr"], betas=(0.9, 0.98))
        self.average = [p.detach().clone() for p in self.learning]
        self.state = {"step": 0, "seconds": 0.0}
        path = self.folder / "checkpoint.pt"
        if path.exists():
            saved = load(path)
            self.model.load_state_dict(saved["model"])
            self.optimiser.load_state_dict(saved["optimiser"])
            self.average, self.state = [a.to(DEVICE) for a in saved["average"]], saved["state"]
            print("resumed", self.state, flush=True)

    def save(self):
        saved = {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict(), "average": self.average, "state": self.state}
        save(saved, self.folder / "checkpoint.pt")

    def rate(self) -> float:
        s, step = self.settings, self.state["step"]
        left = 1 - step / s["steps"]
        return s["lr"] * min(1.0, (step + 1) / s["warmup"]) * min(1.0, max(0.02, left / s["cool"]))

    def step(self) -> dict:
        s, started = self.settings, time.time()
        random = np.random.default_rng([s["seed"], self.state["step"]])
        torch.manual_seed(self.state["step"])
        pixels, masks = draw(self.shards, random, s["scenes"], s["prompts"])
        kind = KINDS[random.choice(len(KINDS), p=s["kinds"])]
        prompts = Prompts(masks, kind, random)
        rate = self.rate()
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        with autocast(s["bf16"]):
            logits, ious = predict(self.model, pixels, prompts, random.random() > 0.15)
        total, figures = losses(logits, ious, put(masks).float())
        self.optimiser.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(self.learning, 1.0)
        self.optimiser.step()
        keep = min(0.99, (1 + self.state["step"]) / (10 + self.state["step"]))
        torch._foreach_lerp_(self.average, [p.detach() for p in self.learning], 1 - keep)
        self.state["step"] += 1
        self.state["seconds"] += min(60.0, time.time() - started)
        return figures

    def gate(self) -> dict:
        mine = [p.detach().clone() for p in self.learning]
        torch._foreach_copy_([p.data for p in self.learning], self.average)
        figures = self.state | gate(self.model, self.held_out, self.settings["gate_samples"])
        torch._foreach_copy_([p.data for p in self.learning], mine)
        with (self.folder / "gates.jsonl").open("a") as out:
            out.write(json.dumps(figures) + "\n")
        print("GATE", json.dumps(figures), flush=True)
        return figures


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--gate", action="store_true")
    run = Run()
    if parser.parse_args().gate:
        run.gate()
        return
    s, logged = run.settings, {}
    cut_back(run.folder / "curve.csv", run.state["step"])
    while run.state["step"] < s["steps"]:
        for key, value in run.step().items():
            logged.setdefault(key, []).append(value)
        step = run.state["step"]
        if step % s["log_every"] == 0:
            means = {k: round(float(np.mean(v)), 4) for k, v in logged.items()}
            write_curve(run.folder / "curve.csv", {"step": step, "seconds": round(run.state["seconds"]), "lr": round(run.rate(), 6)} | means)
            logged = {}
        if step % s["save_every"] == 0 or step == s["steps"]:
            run.save()
        if step % s["gate_every"] == 0 or step == s["steps"]:
            run.gate()


if __name__ == "__main__":
    main()
