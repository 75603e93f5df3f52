"""Where the trainers compute: on a GPU where there is one, else on the CPU. Tensors that are made go there by themselves;
batches are drawn on the CPU, the same ones everywhere, and put there."""

from pathlib import Path

import numpy as np
import torch

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
if DEVICE.type != "cpu":
    torch.set_default_device(DEVICE)


def put(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array).to(DEVICE)


def autocast(bf16: bool):
    """BF16 where `bf16` says so; always on a GPU."""
    return torch.autocast(DEVICE.type, torch.bfloat16, enabled=bf16 or DEVICE.type != "cpu")


def load(path: Path):
    """What a trainer saved, wherever it was trained."""
    return torch.load(path, map_location=DEVICE, weights_only=True)
