"""Writes checkpoints/demo/{vlm,sd,sam} from the runs, in the published layouts, as F16.

    training/run.sh export.py --out checkpoints/demo [--only vlm,sam] [--raw]

The averaged weights are written, or the last ones with --raw. Curves and gates go beside them, as CSV and JSON lines.
"""

import argparse
import json
import shutil
import tomllib
from pathlib import Path

from diffusers import StableDiffusionPipeline
from transformers import CLIPTokenizer, Qwen2Tokenizer, SamImageProcessor

from device import load
from train_sam import build as build_sam
from train_unet import build as build_unet
from train_unet import load_vae, scheduler
from vlm import MEAN, STD, build
from vocabulary import CHAT_TEMPLATE

HERE = Path(__file__).parent


def export_vlm(config: dict, runs: Path, out: Path, raw: bool) -> None:
    tokenizer = Qwen2Tokenizer.from_pretrained(runs / "vlm" / "tokenizer")
    model = build(config["vlm"], tokenizer)
    saved = load(runs / "vlm" / "checkpoint.pt")
    mine = {k.removeprefix("model."): v for k, v in saved["trainer"].items() if k.startswith("model.")}
    model.load_state_dict(mine)
    for p, average in zip(model.parameters(), saved["average"], strict=True):
        p.data.copy_(p.data if raw else average)
    model.generation_config.do_sample = False
    model.half().save_pretrained(out)
    tokenizer.save_pretrained(out)
    vision = config["vlm"]["vision"]
    cell = vision["patch_size"] * vision["spatial_merge_size"]
    size = config["data"]["size"]
    write(out / "chat_template.json", {"chat_template": CHAT_TEMPLATE})
    write(out / "preprocessor_config.json", {
        "image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2_5_VLProcessor",
        # A square picture becomes size x size: half a cell of room either side, against rounding.
        "min_pixels": (size - cell // 2) ** 2, "max_pixels": (size + cell // 2) ** 2,
        "patch_size": vision["patch_size"], "temporal_patch_size": 2, "merge_size": vision["spatial_merge_size"],
        "image_mean": MEAN.double().round(decimals=8).tolist(), "image_std": STD.double().round(decimals=8).tolist(),
    })
    copy_curves(runs / "vlm", out.parent, "vlm")
    print("vlm", saved["state"], sum(p.numel() for p in model.parameters()), "parameters")


def export_sd(config: dict, runs: Path, out: Path) -> None:
    saved = load(runs / "unet" / "checkpoint.pt")
    tokenizer = CLIPTokenizer.from_pretrained(runs / "unet" / "tokenizer")
    words = len(json.loads((runs / "unet" / "tokenizer" / "vocab.json").read_text()))
    unet, text = build_unet(config["unet"], words, tokenizer.eos_token_id, tokenizer.bos_token_id)
    for p, average in zip([*unet.parameters(), *text.parameters()], saved["average"], strict=True):
        p.data.copy_(average)
    vae = load_vae(config, runs)
    vae.register_to_config(scaling_factor=saved["scale"])
    pipeline = StableDiffusionPipeline(
        vae=vae.half(), text_encoder=text.half(), tokenizer=tokenizer, unet=unet.half(), scheduler=scheduler(),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )
    pipeline.save_pretrained(out)
    for name in ("vocab.json", "merges.txt", "special_tokens_map.json", "tokenizer_config.json"):
        shutil.copy(runs / "unet" / "tokenizer" / name, out / "tokenizer" / name)
    (out / "tokenizer" / "tokenizer.json").unlink(missing_ok=True)  # the v1 folder has none
    copy_curves(runs / "vae", out.parent, "vae")
    copy_curves(runs / "unet", out.parent, "unet")
    print("sd", saved["state"], {k: sum(p.numel() for p in m.parameters()) for k, m in (("unet", unet), ("text", text), ("vae", vae))})


def export_sam(config: dict, runs: Path, out: Path) -> None:
    saved = load(runs / "sam" / "checkpoint.pt")
    model = build_sam(config["sam"]["network"])
    model.load_state_dict(saved["model"])
    learnt = [p for p in model.parameters() if p.requires_grad]
    for p, average in zip(learnt, saved["average"], strict=True):
        p.data.copy_(average)
    model.half().save_pretrained(out)
    side = config["sam"]["network"]["image_size"]
    SamImageProcessor(
        size={"longest_edge": side}, pad_size={"height": side, "width": side}, mask_size={"longest_edge": side // 2},
        mask_pad_size={"height": side // 2, "width": side // 2},
    ).save_pretrained(out)
    copy_curves(runs / "sam", out.parent, "sam")
    print("sam", saved["state"], sum(p.numel() for p in model.parameters()), "parameters")


def write(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n")


def copy_curves(run: Path, out: Path, name: str) -> None:
    folder = out / "curves"
    folder.mkdir(exist_ok=True)
    for file, ending in (("curve.csv", "csv"), ("gates.jsonl", "gates.jsonl")):
        if (run / file).exists():
            shutil.copy(run / file, folder / f"{name}.{ending}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=str(HERE.parent / "checkpoints" / "demo"))
    parser.add_argument("--only", default="vlm,sd,sam", help="which of vlm, sd, sam")
    parser.add_argument("--raw", action="store_true", help="the VLM's last weights instead of their average")
    args = parser.parse_args()
    config = tomllib.loads((HERE / "config.toml").read_text())
    runs, out = (HERE / config["data"]["runs"]).resolve(), Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    only = args.only.split(",")
    if "vlm" in only:
        export_vlm(config, runs, out / "vlm", args.raw)
    if "sd" in only:
        export_sd(config, runs, out / "sd")
    if "sam" in only:
        export_sam(config, runs, out / "sam")


if __name__ == "__main__":
    main()
