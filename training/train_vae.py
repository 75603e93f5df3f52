"""Trains the demo VAE (diffusers' AutoencoderKL, a factor of 4) on crops of scenes; run it again to go on.

    training/run.sh train_vae.py            # settings: training/config.toml, [vae]
    training/run.sh train_vae.py --start checkpoints/demo/sd/vae      # a new run begins with an exported set's weights
    training/run.sh train_vae.py --gate checkpoints/demo/sd/vae       # only prints how well it redraws held-out pictures
"""

import argparse
import os
import time
import tomllib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL

from curve import cut_back, write_curve
from device import DEVICE, load, on_cpu, put, save
from scenes import read_shards, seeds_for

HERE = Path(__file__).parent


@on_cpu
def build(network: dict, size: int) -> AutoencoderKL:
    levels = len(network["block_out_channels"])
    return AutoencoderKL(
        in_channels=3, out_channels=3, sample_size=size, act_fn="silu", **network,
        down_block_types=["DownEncoderBlock2D"] * levels, up_block_types=["UpDecoderBlock2D"] * levels,
    )


def draw(shards: list, random: np.random.Generator, batch: int, crop: int) -> torch.Tensor:
    """[B 3 crop crop] in -1..1, each from a scene, its place and orientation by chance."""
    out = []
    for _ in range(batch):
        shard = shards[random.integers(len(shards))]
        rgb = shard.rgb[random.integers(len(shard.rgb))]
        y, x = random.integers(0, rgb.shape[0] - crop + 1, 2)
        piece = np.rot90(rgb[y : y + crop, x : x + crop], random.integers(4))
        out.append(np.ascontiguousarray(piece if random.random() < 0.5 else piece[:, ::-1]))
    return put(np.stack(out)).permute(0, 3, 1, 2).float() / 127.5 - 1


def loss_of(vae, x, settings, random: np.random.Generator):
    posterior = vae.encode(x).latent_dist
    chance = torch.Generator("cpu").manual_seed(int(random.integers(2**62)))
    y = vae.decode(posterior.sample(chance)).sample
    l1 = (x - y).abs().mean()
    step = sum(((x - y).diff(dim=d)).abs().mean() for d in (2, 3))
    kl = posterior.kl().mean() / posterior.mean[0].numel()
    psnr = -10 * torch.log10(F.mse_loss(x, y) / 4)
    return l1 + settings["gradient"] * step + settings["kl"] * kl, {"l1": l1, "kl": kl, "psnr": psnr}


@torch.no_grad()
def psnr(vae, shard, pictures: int = 40) -> float:
    """dB of whole pictures, drawn again from their posterior means."""
    x = put(shard.rgb[:pictures].copy()).permute(0, 3, 1, 2).float() / 127.5 - 1
    return (-10 * torch.log10(F.mse_loss(x, vae.decode(vae.encode(x).latent_dist.mean).sample) / 4)).item()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--start", type=Path)
    parser.add_argument("--gate", type=Path)
    args = parser.parse_args()
    config = tomllib.loads((HERE / "config.toml").read_text())
    settings, start = config["vae"], args.start
    torch.set_num_threads(int(os.environ.get("ZV_THREADS", settings["threads"])))
    torch.manual_seed(settings["seed"])
    folder = (HERE / config["data"]["runs"]).resolve() / "vae"
    folder.mkdir(parents=True, exist_ok=True)
    data = (HERE / config["data"]["folder"]).resolve()
    held_out = config["data"]["held_out_seed"]
    if args.gate:
        vae = AutoencoderKL.from_pretrained(args.gate, torch_dtype=torch.float32).to(DEVICE)
        print(f"{psnr(vae, read_shards(data, settings['stages'][-1], settings['size'], seeds_for('val', held_out))[0]):.2f} dB")
        return
    seeds = seeds_for("train", held_out)
    shards = [s for stage in settings["stages"] for s in read_shards(data, stage, settings["size"], seeds)]
    vae = build(settings["network"], settings["size"]).to(DEVICE)
    if start:
        vae.load_state_dict(AutoencoderKL.from_pretrained(start, torch_dtype=torch.float32).state_dict())
    optimiser = torch.optim.AdamW(vae.parameters(), lr=settings["lr"], betas=(0.9, 0.98), weight_decay=0.01)
    state = {"step": 0, "seconds": 0.0}
    path = folder / "checkpoint.pt"
    if path.exists():
        saved = load(path)
        vae.load_state_dict(saved["vae"])
        optimiser.load_state_dict(saved["optimiser"])
        state = saved["state"]
    cut_back(folder / "curve.csv", state["step"])
    while state["step"] < settings["steps"]:
        random = np.random.default_rng([settings["seed"], state["step"]])
        started = time.time()
        done = state["step"] / settings["steps"]
        rate = settings["lr"] * min(1, (state["step"] + 1) / 30) * (1 if done < 0.6 else max(0.05, (1 - done) / 0.4))
        for group in optimiser.param_groups:
            group["lr"] = rate
        total, figures = loss_of(vae, draw(shards, random, settings["batch"], settings["crop"]), settings, random)
        optimiser.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimiser.step()
        state["step"] += 1
        state["seconds"] += min(60.0, time.time() - started)
        if state["step"] % settings["log_every"] == 0:
            shown = {name: round(v.item(), 4) for name, v in figures.items()}
            write_curve(folder / "curve.csv", {"step": state["step"], "seconds": round(state["seconds"])} | shown)
        if state["step"] % settings["save_every"] == 0 or state["step"] == settings["steps"]:
            save({"vae": vae.state_dict(), "optimiser": optimiser.state_dict(), "state": state}, path)


if __name__ == "__main__":
    main()
