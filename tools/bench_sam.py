"""Times transformers' SamModel (PyTorch, CPU, float32) by turns with another program: one JSON line
on stdout when the model is loaded, then one for each line of stdin.

    printf 'picture\\nprompt\\npoints 64\\nmemory\\n' | python tools/bench_sam.py --sam FOLDER

picture: preprocess and embed a picture. prompt: a box to a mask of its size. points N: the
low-resolution masks of N points. memory: the most that was resident, in GB.
"""

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
import transformers
from transformers import SamModel, SamProcessor
from transformers.models.sam.image_processing_pil_sam import SamImageProcessorPil


class Bench:
    def __init__(self, folder: Path, width_px: int, height_px: int) -> None:
        self.model = SamModel.from_pretrained(folder, dtype=torch.float32).eval()
        self.processor = SamProcessor(SamImageProcessorPil.from_pretrained(folder))
        noise = np.random.default_rng(1).integers(0, 256, (height_px, width_px, 3))
        self.image = noise.astype(np.uint8)
        self.box = [width_px * 0.2, height_px * 0.2, width_px * 0.6, height_px * 0.7]

    def picture(self) -> None:
        self.inputs = self.processor(self.image, return_tensors="pt")
        self.embedding = self.model.get_image_embeddings(self.inputs["pixel_values"])

    def prompt(self) -> None:
        sizes = self.inputs["original_sizes"], self.inputs["reshaped_input_sizes"]
        outputs = self.model(
            image_embeddings=self.embedding, input_boxes=torch.tensor([[self.box]])
        )
        best = outputs.iou_scores[0, 0].argmax()
        self.processor.post_process_masks(outputs.pred_masks[:, :, best : best + 1], *sizes)

    def points(self, count: str) -> None:
        points = torch.rand(1, int(count), 1, 2) * 1024
        self.model(image_embeddings=self.embedding, input_points=points)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sam", type=Path, required=True, help="folder of a SAM checkpoint")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--width", type=int, default=1024, help="of the picture, px")
    parser.add_argument("--height", type=int, default=768)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    started = time.perf_counter()
    bench = Bench(options.sam, options.width, options.height)
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    say({"seconds": time.perf_counter() - started} | versions)
    for line in sys.stdin:
        command, *rest = line.split()
        if command == "memory":
            say({"peakGb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6})
            continue
        started = time.perf_counter()
        with torch.no_grad():
            getattr(bench, command)(*rest)
        say({"seconds": time.perf_counter() - started})


def say(value: dict[str, object]) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main()
