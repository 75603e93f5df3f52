"""Trains the demo U-Net and its text encoder to denoise the VAE's latents; run it again to go on where it stopped.

    training/run.sh train_unet.py           # settings: training/config.toml, [unet]; wants a finished train_vae.py

The gate is the self-attention's mass inside an object over its share of the area, mean over held-out objects.
"""

import json
import os
import time
import tomllib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from curve import cut_back, write_curve
from device import DEVICE, load, on_cpu, put, save
from scenes import read_shards, seeds_for
from train_vae import build as build_vae
from vocabulary import save_clip

HERE = Path(__file__).parent


@on_cpu
def build(settings: dict, vocabulary: int, end: int, begin: int):
    text = CLIPTextModel(CLIPTextConfig(
        **settings["text"], vocab_size=vocabulary, max_position_embeddings=77, hidden_act="quick_gelu",
        bos_token_id=begin, eos_token_id=end, pad_token_id=end, projection_dim=settings["text"]["hidden_size"],
    ))
    network = dict(settings["network"])
    unet = UNet2DConditionModel(
        in_channels=4, out_channels=4, cross_attention_dim=settings["text"]["hidden_size"], **network
    )
    generator = torch.Generator("cpu").manual_seed(settings["seed"])
    for name, module in unet.named_modules():  # non-local means to begin with: like features attend to each other
        if name.endswith("attn1"):
            w = torch.randn(module.to_q.weight.shape, generator=generator) * settings["query_key_gain"] / module.to_q.weight.shape[1] ** 0.5
            with torch.no_grad():
                module.to_q.weight.copy_(w)
                module.to_k.weight.copy_(w)
    return unet, text


def scheduler() -> DDIMScheduler:
    return DDIMScheduler(
        num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False,
        set_alpha_to_one=False, steps_offset=1, prediction_type="epsilon",
    )


@torch.no_grad()
def encode(vae, shards: list, path: Path) -> torch.Tensor:
    """Posterior means of all scenes, [scenes 4 h w]; kept on disk beside the run."""
    count = sum(len(s.rgb) for s in shards)
    if path.exists():
        saved = load(path)
        if len(saved) == count:
            return saved.to(DEVICE)
    out = []
    for shard in shards:
        for i in range(0, len(shard.rgb), 20):
            x = put(shard.rgb[i : i + 20].copy()).permute(0, 3, 1, 2).float() / 127.5 - 1
            out.append(vae.encode(x).latent_dist.mean)
    latents = torch.cat(out)
    save(latents, path)
    return latents


class SelfAttention:
    """Records the head mean of every attn1 of the down and up paths, [B N N] by grid side."""

    def __init__(self, unet):
        self.maps = {}
        for name, module in unet.named_modules():
            if name.endswith("attn1") and "mid_block" not in name:
                module.register_forward_pre_hook(self.hook(name), with_kwargs=True)

    def hook(self, name):
        def record(module, args, kwargs):
            x = args[0]
            b, n, _ = x.shape
            q, k = (p(x).view(b, n, module.heads, -1).transpose(1, 2) for p in (module.to_q, module.to_k))
            self.maps[name] = (q @ k.transpose(-1, -2) * module.scale).softmax(-1).mean(1)

        return record

    def by_side(self) -> dict[int, torch.Tensor]:
        sides = {}
        for attention in self.maps.values():
            sides.setdefault(round(attention.shape[-1] ** 0.5), []).append(attention)
        return {side: torch.stack(maps).mean(0) for side, maps in sides.items()}


@torch.no_grad()
def gate(unet, text, tokenizer, latents: torch.Tensor, shard, steps=(1, 100, 300)) -> dict:
    """Mass inside the object over its area share, mean over all object cells' rows, by grid side and noise level."""
    recorder = SelfAttention(unet)
    noise = torch.randn(latents.shape, generator=torch.Generator("cpu").manual_seed(5), device="cpu").to(DEVICE)
    alphas = ALPHAS
    ids = tokenizer(["" for _ in latents], padding="max_length", max_length=77, return_tensors="pt").input_ids.to(DEVICE)
    context = text(ids).last_hidden_state
    figures = {}
    for t in steps:
        z = alphas[t] ** 0.5 * latents + (1 - alphas[t]) ** 0.5 * noise
        unet(z, torch.full((len(z),), t), context)
        for side, attention in recorder.by_side().items():
            cell = shard.owner.shape[1] // side
            ratios = []
            for i in range(len(latents)):
                owner = np.asarray(shard.owner[i])
                for k in range(len(shard.scenes[i]["objects"])):
                    share = put((owner == k + 1).reshape(side, cell, side, cell).mean((1, 3)).reshape(-1))
                    inside = share >= 0.5
                    if inside.any():
                        mass = (attention[i][inside] * share.float()).sum(1)
                        ratios.append((mass.mean() / share.mean()).item())
            figures[f"{side}@{t}"] = round(float(np.mean(ratios)), 2)
    for module in unet.modules():
        module._forward_pre_hooks.clear()
        module._forward_pre_hooks_with_kwargs.clear()
    return figures


def load_vae(config: dict, runs: Path):
    vae = build_vae(config["vae"]["network"], config["vae"]["size"])
    vae.load_state_dict(load(runs / "vae" / "checkpoint.pt")["vae"])
    return vae.eval()


class Run:
    def __init__(self):
        self.config = tomllib.loads((HERE / "config.toml").read_text())
        self.settings = self.config["unet"]
        torch.set_num_threads(int(os.environ.get("ZV_THREADS", self.settings["threads"])))
        torch.manual_seed(self.settings["seed"])
        runs = (HERE / self.config["data"]["runs"]).resolve()
        data = (HERE / self.config["data"]["folder"]).resolve()
        self.folder = runs / "unet"
        self.folder.mkdir(parents=True, exist_ok=True)
        held_out, size = self.config["data"]["held_out_seed"], self.config["vae"]["size"]
        of = lambda part: [s for g in self.settings["stages"] for s in read_shards(data, g, size, seeds_for(part, held_out))[: self.settings["shards"]]]
        vae = load_vae(self.config, runs).to(DEVICE)
        self.shards, self.val = of("train"), of("val")[-1]
        latents = encode(vae, self.shards, self.folder / "latents.pt")
        self.scale = 1 / latents[:2000].std().item()
        self.latents = latents * self.scale
        x = put(self.val.rgb[:24].copy()).permute(0, 3, 1, 2).float() / 127.5 - 1
        with torch.no_grad():
            self.val_latents = vae.encode(x).latent_dist.mean * self.scale
        self.texts = [[e[0] for e in scene["expressions"]] for s in self.shards for scene in s.scenes]
        size = save_clip(self.folder / "tokenizer", [e for texts in self.texts for e in texts])
        self.tokenizer = CLIPTokenizer.from_pretrained(self.folder / "tokenizer")
        made = build(self.settings, size, self.tokenizer.eos_token_id, self.tokenizer.bos_token_id)
        self.unet, self.text = (m.to(DEVICE) for m in made)
        self.parameters = [*self.unet.parameters(), *self.text.parameters()]
        self.optimiser = torch.optim.AdamW(self.parameters, lr=self.settings["lr"], betas=(0.9, 0.98), weight_decay=0.01)
        self.average = [p.detach().clone() for p in self.parameters]
        self.state = {"step": 0, "seconds": 0.0}
        path = self.folder / "checkpoint.pt"
        if path.exists():
            saved = load(path)
            self.unet.load_state_dict(saved["unet"])
            self.text.load_state_dict(saved["text"])
            self.optimiser.load_state_dict(saved["optimiser"])
            self.state, self.average = saved["state"], [a.to(DEVICE) for a in saved["average"]]

    def save(self):
        saved = {"unet": self.unet.state_dict(), "text": self.text.state_dict(), "optimiser": self.optimiser.state_dict(),
                 "state": self.state, "average": self.average, "scale": self.scale}
        save(saved, self.folder / "checkpoint.pt")

    def use_average(self):
        mine = [p.detach().clone() for p in self.parameters]
        torch._foreach_copy_([p.data for p in self.parameters], self.average)
        return mine

    def print_gate(self):
        mine = self.use_average()
        figures = gate(self.unet, self.text, self.tokenizer, self.val_latents, self.val)
        torch._foreach_copy_([p.data for p in self.parameters], mine)
        with (self.folder / "gates.jsonl").open("a") as out:
            out.write(json.dumps({**self.state, "mass_over_share": figures}) + "\n")
        print("GATE", self.state, figures, flush=True)

    def step(self) -> float:
        s, state = self.settings, self.state
        random = np.random.default_rng([s["seed"], state["step"]])
        at = random.integers(len(self.latents), size=s["batch"])
        z = self.latents[at]
        turns = random.integers(2)
        z = z.flip(3) if turns else z  # captions of these stages may name sides; drop them for mirrored scenes
        said = [str(random.choice(self.texts[i])) if self.texts[i] and not turns and random.random() > s["caption_drop"] else "" for i in at]
        ids = self.tokenizer(said, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids.to(DEVICE)
        low = random.random(s["batch"]) < s["low_share"]
        t = put(np.where(low, random.integers(0, s["low_t"], s["batch"]), random.integers(0, 1000, s["batch"])))
        noise = put(random.standard_normal(z.shape, dtype=np.float32))
        a = ALPHAS[t].view(-1, 1, 1, 1)
        out = self.unet(a.sqrt() * z + (1 - a).sqrt() * noise, t, self.text(ids).last_hidden_state).sample
        loss = F.mse_loss(out, noise)
        for group in self.optimiser.param_groups:
            group["lr"] = s["lr"] * min(1, (state["step"] + 1) / s["warmup"])
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimiser.step()
        keep = min(0.998, (1 + state["step"]) / (10 + state["step"]))
        torch._foreach_lerp_(self.average, [p.detach() for p in self.parameters], 1 - keep)
        return loss.item()


ALPHAS = scheduler().alphas_cumprod.to(DEVICE)


def main() -> None:
    run = Run()
    print(sum(p.numel() for p in run.unet.parameters()), sum(p.numel() for p in run.text.parameters()), "scale", run.scale, flush=True)
    if run.state["step"] == 0:
        run.print_gate()
    cut_back(run.folder / "curve.csv", run.state["step"])
    logged = []
    while run.state["step"] < run.settings["steps"]:
        started = time.time()
        logged.append(run.step())
        run.state["step"] += 1
        run.state["seconds"] += min(60.0, time.time() - started)
        if run.state["step"] % run.settings["log_every"] == 0:
            row = {"step": run.state["step"], "seconds": round(run.state["seconds"]), "mse": round(float(np.mean(logged)), 4)}
            logged = []
            write_curve(run.folder / "curve.csv", row)
        if run.state["step"] % run.settings["save_every"] == 0 or run.state["step"] == run.settings["steps"]:
            run.save()
        if run.state["step"] % run.settings["gate_every"] == 0:
            run.print_gate()


if __name__ == "__main__":
    main()
