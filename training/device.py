"""Where the trainers compute: on a GPU where there is one, else on the CPU. Tensors that are made go there by themselves;
batches and first weights are drawn on the CPU, the same ones everywhere, and put there."""

import os
from functools import wraps
from pathlib import Path

import numpy as np
import torch

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
if DEVICE.type != "cpu":
    torch.set_default_device(DEVICE)


def put(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array).to(DEVICE)


def on_cpu(make):
    """For functions whose tensors are to be made, and drawn, on the CPU."""

    @wraps(make)
    def made(*args, **settings):
        with torch.device("cpu"):
            return make(*args, **settings)

    return made


def autocast(bf16: bool):
    """BF16 where `bf16` says so; always on a GPU."""
    return torch.autocast(DEVICE.type, torch.bfloat16, enabled=bf16 or DEVICE.type != "cpu")


def save(content, path: Path) -> None:
    """The whole file or none; its tensors are the CPU's, so that it loads anywhere."""
    torch.save(to_cpu(content), str(path) + ".part")
    os.replace(str(path) + ".part", path)


def to_cpu(content):
    if isinstance(content, torch.Tensor):
        return content.cpu()
    if isinstance(content, dict):
        return {name: to_cpu(part) for name, part in content.items()}
    return [to_cpu(part) for part in content] if isinstance(content, list) else content


def load(path: Path):
    """What a trainer saved, on the CPU: models and optimisers take it from there to where they are."""
    return torch.load(path, map_location="cpu", weights_only=True)
