"""Times one step of diffusers' UNet2DConditionModel: eager PyTorch, CPU, float32, batch 1, 512 px
(a 64x64 latent).

    python tools/bench_unet.py --unet tests/fixtures/sd-a/sd/unet --steps 5 --threads 2

Prints one JSON line on stdout; secondsPerStep is the median after one step of warming up.
"""

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import diffusers
import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor, AttnProcessor2_0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--unet",
        type=Path,
        required=True,
        help="a diffusers unet/ folder (config.json and weights)",
    )
    parser.add_argument("--steps", type=int, default=5, help="timed steps (default 5)")
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count() or 1, help="PyTorch threads (default: all)"
    )
    parser.add_argument(
        "--latent", type=int, default=64, help="side of the latent; 64 is 512 px (default)"
    )
    parser.add_argument(
        "--attention",
        choices=["eager", "fused"],
        default="eager",
        help=(
            "eager: softmax written out, the only one whose maps can be recorded; fused:"
            " scaled_dot_product_attention"
        ),
    )
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    unet = load(options.unet)
    unet.set_attn_processor(AttnProcessor() if options.attention == "eager" else AttnProcessor2_0())
    seconds = measure(unet, options.latent, options.steps)
    print(
        json.dumps(
            {
                "secondsPerStep": round(statistics.median(seconds), 6),
                "secondsFastest": round(min(seconds), 6),
                "steps": options.steps,
                "threads": options.threads,
                "latent": options.latent,
                "attention": options.attention,
                "parameters": sum(p.numel() for p in unet.parameters()),
                "diffusers": diffusers.__version__,
                "torch": torch.__version__,
                "python": platform.python_version(),
            }
        )
    )


def load(folder: Path) -> UNet2DConditionModel:
    """Plain or `*.fp16.safetensors` names; float32 in memory either way."""
    variant = None if (folder / "diffusion_pytorch_model.safetensors").exists() else "fp16"
    return UNet2DConditionModel.from_pretrained(
        folder, variant=variant, torch_dtype=torch.float32
    ).eval()


@torch.no_grad()
def measure(unet: UNet2DConditionModel, side: int, steps: int) -> list[float]:
    generator = torch.Generator().manual_seed(1)
    latent = torch.randn(1, unet.config.in_channels, side, side, generator=generator)
    text = torch.randn(1, 77, unet.config.cross_attention_dim, generator=generator)
    unet(latent, 500, encoder_hidden_states=text)
    seconds = []
    for _ in range(steps):
        started = time.perf_counter()
        unet(latent, 500, encoder_hidden_states=text)
        seconds.append(time.perf_counter() - started)
    return seconds


if __name__ == "__main__":
    main()
