"""Shards of synthetic scenes (make-shards.ts) as batches of tensors."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CATEGORIES = [
    "storage tank", "building", "ship", "airplane", "vehicle", "tennis court", "baseball field", "swimming pool",
    "track field", "bridge", "windmill", "tree group", "solar field",
]
NAMES = [
    ["storage tank", "oil tank", "tank"], ["building", "house"], ["ship", "boat"], ["airplane", "plane"],
    ["vehicle", "car"], ["tennis court"], ["baseball field", "baseball diamond"], ["swimming pool", "pool"],
    ["ground track field", "track field", "running track"], ["bridge"], ["windmill", "wind turbine"],
    ["tree group", "group of trees"], ["solar field", "solar farm"],
]
COLOURS = ["red", "blue", "white", "yellow", "green", "black", "gray", "orange"]


@dataclass
class Shard:
    rgb: np.ndarray  # [scenes, H, W, 3] uint8, memory-mapped
    owner: np.ndarray  # [scenes, H, W] uint8, 0 = ground
    scenes: list  # objects and expressions


def read_shards(folder: Path, stage: str, size: int, seeds: range) -> list[Shard]:
    """Whole shards of a stage whose first seed lies in `seeds`."""
    found = []
    for lines in sorted(folder.glob(f"{stage}-{size}-*.jsonl")):
        if int(lines.stem.split("-")[2]) not in seeds:
            continue
        stem = str(lines)[: -len(".jsonl")]
        scenes = [json.loads(line) for line in lines.read_text().splitlines()]
        found.append(Shard(np.load(stem + ".rgb.npy", mmap_mode="r"), np.load(stem + ".owner.npy", mmap_mode="r"), scenes))
    return found


class Pool:
    """Draws batches of scenes from shards; every scene with at least one expression of the wanted kinds counts."""

    def __init__(self, shards: list[Shard], kinds: set[str] | None = None):
        self.shards = shards
        self.index = []
        for s, shard in enumerate(shards):
            for i, scene in enumerate(shard.scenes):
                said = [e for e in scene["expressions"] if e[2] is not None and (kinds is None or e[1] in kinds)]
                if said:
                    self.index.append((s, i, said))

    def draw(self, random: np.random.Generator, branches: int, often: dict[str, float] | None = None):
        """One scene: image [H W 3], owner [H W], objects, `branches` expressions (repeated where a scene has fewer).

        `often`: by kind of expression, how many times as likely as others it is to come early.
        """
        s, i, said = self.index[random.integers(len(self.index))]
        order = random.permutation(len(said))
        if often:
            order = np.argsort(random.random(len(said)) ** (1 / np.array([often.get(e[1], 1.0) for e in said])))[::-1]
        chosen = [said[order[k % len(order)]] for k in range(branches)]
        return self.shards[s].rgb[i], self.shards[s].owner[i], self.shards[s].scenes[i]["objects"], chosen


def cell_truth(owner: np.ndarray, objects: list, cell: int):
    """What each cell of the merged grid shows: category and colour (last class = ground), box, whether it has one.

    owner [H W] -> category [h w], colour [h w], box [h w 4] px xyxy, some [h w] bool, object [h w]. A cell belongs to the object
    that covers most of it, if at least a quarter.
    """
    side = owner.shape[0] // cell
    blocks = owner.reshape(side, cell, side, cell).transpose(0, 2, 1, 3).reshape(side * side, cell * cell)
    counts = np.stack([(blocks == k + 1).sum(1) for k in range(len(objects))], 1)
    best = counts.argmax(1)
    some = counts[np.arange(len(best)), best] >= cell * cell // 4
    categories = np.array([CATEGORIES.index(o["category"]) for o in objects])
    colours = np.array([COLOURS.index(o["colour"]) for o in objects])
    boxes = np.array([o["box"] for o in objects])
    category = np.where(some, categories[best], len(CATEGORIES))
    colour = np.where(some, colours[best], len(COLOURS))
    return category, colour, boxes[best], some, best


def seeds_for(part: str, held_out: int) -> range:
    return range(0, held_out) if part == "train" else range(held_out, held_out + 50_000_000)
