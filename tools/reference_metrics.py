"""IoU, Pr@X, mIoU and oIoU of random predictions, computed apart from zeroov: NumPy for the
published definitions (DATASETS.md, section 2), Pillow for resizing, pycocotools for RLE and its IoU.

python tools/reference_metrics.py --count 10000 --seed 1            # one JSON line a case, then the figures
python tools/reference_metrics.py --count 150 --seed 7 --out tests/fixtures/metrics
"""

import argparse
import importlib.metadata
import json
import platform
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from pycocotools import mask as coco

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


# ── the definitions ──────────────────────────────────────────────────────────────────────────────


def squash(mask, side):
    """To a square as Pillow does it; None keeps the size."""
    if side is None:
        return mask
    image = Image.fromarray(mask.astype(np.uint8)).resize((side, side), Image.Resampling.NEAREST)
    return np.asarray(image).astype(bool)


def count(predicted, truth, side):
    """Intersection and union in pixels; without a prediction an empty mask."""
    g = squash(truth, side)
    if predicted is None:
        return 0, int(g.sum())
    if side is None and predicted.shape != truth.shape:
        size = (truth.shape[1], truth.shape[0])
        image = Image.fromarray(predicted.astype(np.uint8)).resize(size, Image.Resampling.NEAREST)
        p = np.asarray(image).astype(bool)
    else:
        p = squash(predicted, side)
    return int(np.logical_and(p, g).sum()), int(np.logical_or(p, g).sum())


def lavt(predicted, truth, side):
    """LAVT and RMSIN: float64, an empty union scores 0."""
    i, u = count(predicted, truth, side)
    return (i / u if u else 0.0), i, u


def release_mask(predicted, truth):
    """The released scripts: float32 tensors at 800 x 800."""
    i, u = count(predicted, truth, 800)
    return float(np.float32(i) / (np.float32(u) + np.float32(1e-6))), i, u


def release_box(predicted, truth):
    """Corners are first and last pixels; no prediction is the pixel at the origin."""
    if predicted is None:
        a = [0, 0, 0, 0]
    else:
        x1, y1, x2, y2 = predicted
        a = [x1, y1, x2 - 1, y2 - 1]  # our far edge lies behind the last pixel
    b = [int(v) for v in truth]
    w = max(0, min(a[2], b[2]) - max(a[0], b[0]) + 1)
    h = max(0, min(a[3], b[3]) - max(a[1], b[1]) + 1)
    size = lambda c: (c[2] - c[0] + 1) * (c[3] - c[1] + 1)  # noqa: E731
    u = size(a) + size(b) - w * h
    return w * h / (u + 1e-6), w * h, u


def continuous_box(predicted, truth, epsilon):
    area = lambda c: (c[2] - c[0]) * (c[3] - c[1])  # noqa: E731
    if predicted is None:
        return 0.0, 0, area(truth)
    w = max(0, min(predicted[2], truth[2]) - max(predicted[0], truth[0]))
    h = max(0, min(predicted[3], truth[3]) - max(predicted[1], truth[1]))
    u = area(predicted) + area(truth) - w * h
    return (w * h / (u + epsilon) if u + epsilon else 0.0), w * h, u


def score(case):
    """profile -> target -> (IoU, intersection, union)."""
    p, g = case["predicted_mask"], case["true_mask"]
    a, b = case["predicted_box"], case["true_box"]
    return {
        "paper": {"box": continuous_box(a, b, 0), "mask": lavt(p, g, 480)},
        "release": {"box": release_box(a, b), "mask": release_mask(p, g)},
        "native": {"mask": lavt(p, g, None)},
        "dior-rsvg": {"box": continuous_box(a, b, 1e-16)},
        "opt-rsvg": {"box": continuous_box(a, b, 1e-16)},
    }


STRICT = {"release", "dior-rsvg"}  # an IoU that equals the threshold does not pass


def figures(scores):
    """profile -> target -> percentages."""
    out = {}
    for profile, targets in scores[0].items():
        for target in targets:
            rows = np.array([s[profile][target] for s in scores], dtype=np.float64)
            passes = np.greater if profile in STRICT else np.greater_equal
            out.setdefault(target, {})[profile] = {
                "n": len(rows),
                "pr": {f"{t:.1f}": 100 * float(passes(rows[:, 0], t).mean()) for t in THRESHOLDS},
                "mIoU": 100 * float(rows[:, 0].mean()),
                "oIoU": 100 * float(rows[:, 1].sum() / rows[:, 2].sum()),
            }
    return out


# ── random cases ─────────────────────────────────────────────────────────────────────────────────


def tight(mask):
    """[x1, y1, x2, y2], far edge exclusive; None for an empty mask."""
    ys, xs = np.nonzero(mask)
    return None if len(ys) == 0 else [int(v) for v in (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)]


def blob(rng, h, w):
    mask = np.zeros((h, w), dtype=bool)
    for _ in range(rng.integers(1, 4)):
        y, x = rng.integers(0, h), rng.integers(0, w)
        mask[y : y + rng.integers(1, h + 1), x : x + rng.integers(1, w + 1)] = True
    return mask & (rng.random((h, w)) < 0.9) if rng.random() < 0.3 else mask


def make_case(rng):
    h, w = (int(v) for v in rng.integers(1, 41, 2))
    kind = rng.choice(["free", "bars", "none", "black", "resized"], p=[0.6, 0.2, 0.06, 0.04, 0.1])
    truth = blob(rng, h, w)
    predicted = truth & (rng.random((h, w)) < rng.random())
    if rng.random() < 0.5:
        predicted = predicted | blob(rng, h, w)
    if kind == "bars":  # IoUs that equal the thresholds
        truth = np.zeros((h, w), dtype=bool)
        truth[:, : rng.integers(1, w + 1)] = True
        predicted = truth.copy()
        predicted[:, rng.integers(0, w + 1) :] = False
    if kind == "black":
        truth[:] = False
    if kind == "resized":
        predicted = blob(rng, *(int(v) for v in rng.integers(1, 41, 2)))
    true_box = tight(truth) or [0, 0, w, h]
    predicted_box = None if kind == "none" else tight(predicted)
    if kind == "free" and rng.random() < 0.3:  # boxes that are no pixels
        shift = np.round(rng.normal(0, 2, 4), 2)
        x1, y1, x2, y2 = np.array(true_box) + shift
        predicted_box = [float(v) for v in (x1, y1, max(x1, x2), max(y1, y2))]
        true_box = [v + 0.25 for v in true_box]
    return {
        "true_mask": truth,
        "true_box": true_box,
        "predicted_mask": None if kind == "none" else predicted,
        "predicted_box": predicted_box,
    }


def rle(mask):
    if mask is None:
        return None
    encoded = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": [int(v) for v in encoded["size"]], "counts": encoded["counts"].decode()}


def coco_iou(case):
    """What pycocotools says of the same pair; None where it has nothing to compare."""
    p, g, a, b = (case[k] for k in ("predicted_mask", "true_mask", "predicted_box", "true_box"))
    xywh = lambda c: [c[0], c[1], c[2] - c[0], c[3] - c[1]]  # noqa: E731
    masks = p is not None and p.shape == g.shape and p.any() and g.any()
    boxes = a is not None and a[2] > a[0] and a[3] > a[1]
    return {
        "mask": float(coco.iou([rle(p)], [rle(g)], [0])[0, 0]) if masks else None,
        "box": float(coco.iou([xywh(a)], [xywh(b)], [0])[0, 0]) if boxes else None,
    }


def lines(n, seed):
    rng = np.random.default_rng(seed)
    scores = []
    for _ in range(n):
        case = make_case(rng)
        scores.append(score(case))
        yield {
            "truth": {"box": case["true_box"], "mask": rle(case["true_mask"])},
            "prediction": {"box": case["predicted_box"], "mask": rle(case["predicted_mask"])},
            "scores": scores[-1],
            "coco": coco_iou(case),
        }
    yield {"figures": figures(scores)}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, help="a folder for cases.jsonl and birth.json")
    options = parser.parse_args()
    text = (json.dumps(line) + "\n" for line in lines(options.count, options.seed))
    if options.out is None:
        sys.stdout.writelines(text)
        return
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "cases.jsonl").write_text("".join(text), encoding="utf-8")
    names = ["numpy", "pillow", "pycocotools"]
    birth = {
        "program": f"tools/reference_metrics.py --count {options.count} --seed {options.seed} "
        "--out tests/fixtures/metrics",
        "versions": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in names},
        "seed": options.seed,
        "tolerance": {
            "scores": "equal: whole numbers and one division",
            "coco": "1e-12: the same ratio",
            "figures": "1e-6 percent: a summary has 6 decimals",
        },
        "files": {
            "cases.jsonl": "a random truth and prediction a line, [IoU, intersection, union] by "
            "profile, pycocotools' IoU at the truth's own size; the last line: figures in percent"
        },
    }
    (options.out / "birth.json").write_text(json.dumps(birth, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
