"""Trains the demo VLM, stage by stage; run it again to go on where it stopped.

    nice -n 10 python training/train_vlm.py            # settings: training/config.toml, [vlm]

With ZV_RANKS=2 (training/run.sh starts both) two processes of one thread share each step's scenes and average their
gradients: on a busy machine that waits less than two threads in one process.

First the vision tower alone on dense labels (stage "look"), then answers to the whole prompt. Auxiliary heads and the
full prompt from the first step; attention is never supervised. Every figure goes to RUNS/vlm/curve.csv and gates.jsonl.
"""

import argparse
import json
import os
import time
import tomllib
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from transformers import Qwen2_5_VLForConditionalGeneration

from curve import cut_back, write_curve
from device import DEVICE, autocast, load, on_cpu, put, save
from gate_vlm import held_out, measure
from scenes import CATEGORIES, COLOURS, Pool, cell_truth, read_shards, seeds_for
from vlm import Trainer, answer_text, build, check_against_library
from vocabulary import load_or_train_qwen2

HERE = Path(__file__).parent
NONE = -100


class Batch:
    """One step's scenes as tensors; digits' weights beside the answers."""

    def __init__(self, drawn: list, trainer: Trainer):
        self.fill(drawn, trainer)
        for name, tensor in vars(self).items():
            setattr(self, name, tensor.to(DEVICE))

    @on_cpu
    def fill(self, drawn: list, trainer: Trainer):
        pixels, owners, objects, saids = zip(*drawn, strict=True)
        self.pixels = torch.from_numpy(np.stack(pixels))
        truth = [cell_truth(np.asarray(o), things, trainer.cell) for o, things in zip(owners, objects, strict=True)]
        self.category, self.colour, self.box, self.some, self.shown = (torch.from_numpy(np.stack(t)) for t in zip(*truth, strict=True))
        rows = [[self.row(e, things, trainer) for e in said] for things, said in zip(objects, saids, strict=True)]
        longest = max(len(r[0]) for scene in rows for r in scene)
        shape = (len(rows), len(rows[0]), longest)
        self.ids = torch.zeros(shape, dtype=torch.long)
        self.first = torch.zeros(shape, dtype=torch.bool)  # the NEXT token is a number's first digit
        self.second = torch.zeros(shape, dtype=torch.bool)
        self.other = torch.zeros(shape, dtype=torch.bool)
        self.asked = torch.tensor([[[r[1] - 1 + i for i in range(len(r[0]) - r[1])] for r in scene] for scene in rows])
        self.said_category = torch.full(shape[:2], NONE)
        self.said_colour = torch.full(shape[:2], NONE)
        self.target = torch.stack([torch.stack([self.shown[b] == e[2] for e in said]) for b, said in enumerate(saids)]) & self.some[:, None]
        for b, scene in enumerate(rows):
            for k, (ids, start, category, colour) in enumerate(scene):
                self.ids[b, k, : len(ids)] = torch.tensor(ids)
                self.said_category[b, k], self.said_colour[b, k] = category, colour
                for offset in range(len(ids) - start):  # "[ d d , _ d d , _ d d , _ d d ] end"
                    inside = (offset - 1) % 4 if offset < 15 else 2
                    kind = self.first if inside == 0 else self.second if inside == 1 else self.other
                    kind[b, k, start + offset - 1] = True

    def corrupted(self, random, share: float, trainer: Trainer) -> torch.Tensor:
        """The ids with the digits of a share of the answers replaced by others: what is asked cannot be read off them."""
        wrong = put(random.random(self.ids.shape[:2]) < share)[:, :, None]
        self.readable = self.second & ~wrong  # a second digit follows from the place AND the first digit given
        digit = torch.roll(self.first | self.second, 1, 2) & wrong
        noise = trainer.digit_ids[put(random.integers(0, 10, self.ids.shape))]
        return torch.where(digit, noise, self.ids)

    @staticmethod
    def row(expression, objects, trainer: Trainer):
        text, _, target = expression
        thing = objects[target]
        words = text.lower().rstrip(".").split()
        bare = "object" in words or "thing" in words and ("the thing that" not in text.lower() and "with" not in words)
        colour = COLOURS.index(thing["colour"]) if thing["colour"] in words else NONE
        own, answer = trainer.cache(text), trainer.cache_answer(answer_text(thing["box"]))
        return own + answer, len(own), NONE if bare else CATEGORIES.index(thing["category"]), colour


def extents(trainer: Trainer, batch: Batch, seen: torch.Tensor, figures: dict) -> torch.Tensor:
    """Distances from a cell's centre to its object's box, in units of 32 px."""
    side = trainer.side
    centre = (torch.stack([torch.arange(side * side) % side, torch.arange(side * side) // side], -1) + 0.5) * trainer.cell
    extent = (batch.box - torch.cat([centre, centre], -1)) / 32.0
    off = F.smooth_l1_loss(trainer.heads.extent(seen)[batch.some], extent[batch.some].float(), beta=0.1)
    figures["extent_px"] = off.item() * 32
    return off


def pointing(trainer: Trainer, batch: Batch, image: torch.Tensor, own: torch.Tensor, figures: dict) -> torch.Tensor:
    """Which cells show the object that is meant, told from the states after aux_layer: a head of its own, thrown away."""
    heads = trainer.heads
    b, k = batch.target.shape[:2]
    at = batch.asked[..., None].expand(-1, -1, -1, own.shape[-1])
    query = heads.pointer(own.gather(2, at)).flatten(1, 2)  # [B K*A 64]
    logits = (query @ heads.pointed(image).transpose(1, 2)).view(b, k, -1, image.shape[1]) / 8
    there = batch.target[:, :, None].expand(-1, -1, logits.shape[2], -1)
    some = there.any(-1)
    meant = logits.masked_fill(~there, float("-inf"))[some].logsumexp(-1)
    hit = there[some].gather(1, logits[some].argmax(-1, keepdim=True))
    loss = (logits[some].logsumexp(-1) - meant).mean()
    figures["point"], figures["point_acc"] = loss.item(), hit.float().mean().item()
    return loss


def answer_loss(trainer: Trainer, batch: Batch, x: torch.Tensor, seconds: float) -> tuple[torch.Tensor, dict]:
    asks = batch.first | batch.second | batch.other
    logits = trainer.model.lm_head(x.flatten(0, 2))
    following = torch.roll(batch.ids, -1, 2)[asks]
    each = F.cross_entropy(logits, following, reduction="none")
    first, other = batch.first[asks], batch.other[asks]
    readable = batch.readable[asks]
    lm = each[first].mean() + seconds * each[readable].mean() + 0.1 * each[other].mean()
    begin = each[first].view(-1, 4).mean(0)
    return lm, {"tens": each[first].mean().item(), "ones": each[readable].mean().item(), "other": each[other].mean().item(), "x1": begin[0].item()}


def losses(trainer: Trainer, batch: Batch, random, settings: dict, stage: dict) -> tuple[torch.Tensor, dict]:
    words, only = trainer.class_words(random), stage.get("only")
    seconds = stage.get("second_digit", settings["second_digit"])
    with torch.set_grad_enabled(not stage.get("hold_vision", False)):
        seen = trainer.see(batch.pixels)
    ground_weight = torch.where(batch.some, 1.0, 0.15).flatten()
    figures, total = {}, 0.0

    def dense(name, x):
        nonlocal total
        for label, logits, truth in zip(("cat", "col"), trainer.classify(x, words, True), (batch.category, batch.colour), strict=True):
            each = F.cross_entropy(logits.flatten(0, 1), truth.flatten(), reduction="none")
            loss = (each * ground_weight).sum() / ground_weight.sum()
            total = total + 0.5 * loss
            figures[f"{name}_{label}"] = loss.item()
        right = (logits.argmax(-1) == truth)[batch.some].float().mean()
        figures[f"{name}_col_acc"] = right.item()

    dense("look", trainer.heads.look(seen))
    total = total + 3.0 * extents(trainer, batch, seen, figures)
    if only == "look":
        return total, figures

    x, image, own = (None, trainer.place(seen), None) if only == "place" else trainer.read(seen, batch.corrupted(random, stage.get("corrupt", 0.0), trainer), batch.asked)
    dense("cell", trainer.heads.cell(image))
    digits = trainer.heads.digits(image)[batch.some].view(-1, 4, 2, 10)
    boxes = batch.box[batch.some]
    tens = F.cross_entropy(digits[:, :, 0].flatten(0, 1), (boxes // 10).flatten())
    ones = F.cross_entropy(digits[:, :, 1].flatten(0, 1), (boxes % 10).flatten())
    edge = F.smooth_l1_loss(trainer.heads.edges(image)[batch.some], boxes.float() / 32, beta=0.1)
    total = total + tens + settings["second_digit"] * ones + 3.0 * edge
    figures["cell_tens"], figures["edge_px"] = tens.item(), edge.item() * 32
    if only == "place":
        return total, figures

    asks = batch.first | batch.second | batch.other
    where = asks.nonzero()
    query = trainer.heads.query(own[asks])
    for label, logits, truth in zip(("cat", "col"), trainer.classify(query, words, False), (batch.said_category, batch.said_colour), strict=True):
        loss = F.cross_entropy(logits, truth[where[:, 0], where[:, 1]], ignore_index=NONE)
        if torch.isfinite(loss):
            total = total + 0.5 * loss
            figures[f"query_{label}"] = loss.item()

    total = total + pointing(trainer, batch, image, own, figures)

    lm, answered = answer_loss(trainer, batch, x, seconds)
    total = total + 2.0 * lm
    figures |= answered
    return total, figures


class Run:
    """State on disk: model, heads, optimiser, averaged weights, step, stage."""

    def __init__(self, start: Path | None):
        self.config = tomllib.loads((HERE / "config.toml").read_text())
        self.settings = self.config["vlm"]
        torch.set_num_threads(int(os.environ.get("ZV_THREADS", self.settings["threads"])))
        torch.manual_seed(self.settings["seed"])
        self.data = (HERE / self.config["data"]["folder"]).resolve()
        self.folder = (HERE / self.config["data"]["runs"]).resolve() / "vlm"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.pools = {}
        self.tokenizer = load_or_train_qwen2(start or self.folder / "tokenizer", self.expressions())
        self.tokenizer.save_pretrained(self.folder / "tokenizer")
        model = build(self.settings, self.tokenizer)
        self.trainer = Trainer(model, self.tokenizer, self.settings, self.config["data"]["size"]).to(DEVICE)
        self.memo, self.answers = {}, {}
        self.trainer.cache = self.cached
        self.trainer.cache_answer = self.cached_answer
        decay = [p for p in self.trainer.parameters() if p.dim() > 1]
        plain = [p for p in self.trainer.parameters() if p.dim() < 2]
        groups = [{"params": decay, "weight_decay": self.settings["weight_decay"]}, {"params": plain, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=self.settings["lr"], betas=tuple(self.settings["betas"]))
        self.state = {"step": 0, "stage": 0, "stage_step": 0, "q": 0, "seconds": 0.0, "tens": 3.0}
        self.average = [p.detach().clone() for p in model.parameters()]
        self.resume()

    def expressions(self) -> list[str]:
        return [e[0] for s in read_shards(self.data, "d", self.config["data"]["size"], seeds_for("train", self.config["data"]["held_out_seed"]))[:3] for scene in s.scenes for e in scene["expressions"]]

    def cached(self, text):
        if text not in self.memo:
            self.memo[text] = self.trainer.split(text)[1]
        return self.memo[text]

    def cached_answer(self, text):
        if text not in self.answers:
            self.answers[text] = self.tokenizer(text)["input_ids"]
        return self.answers[text]

    def start_from(self, folder: Path, stage: int):
        """Weights of an exported model, at a stage; where its positions turn otherwise, queries and keys stay as drawn."""
        library = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
        theirs, rope = library.state_dict(), lambda model: model.config.text_config.rope_parameters
        same = rope(library) == rope(self.trainer.model)
        kept = {k: v for k, v in theirs.items() if same or not ("language_model" in k and ("q_proj" in k or "k_proj" in k))}
        self.trainer.model.load_state_dict(kept, strict=False)
        self.state["stage"] = stage
        torch._foreach_copy_(self.average, [p.detach() for p in self.trainer.model.parameters()])
        print("started from", folder, len(kept), "of", len(theirs), "tensors", flush=True)

    def resume(self):
        path = self.folder / "checkpoint.pt"
        if path.exists():
            saved = load(path)
            self.trainer.load_state_dict(saved["trainer"])
            if "optimiser" in saved:
                self.optimiser.load_state_dict(saved["optimiser"])
            self.state, self.average = saved["state"], [a.to(DEVICE) for a in saved["average"]]
            print("resumed", self.state, flush=True)

    def save(self):
        saved = {"trainer": self.trainer.state_dict(), "optimiser": self.optimiser.state_dict(), "state": self.state, "average": self.average}
        save(saved, self.folder / "checkpoint.pt")

    def pool(self, name: str, part: str = "train") -> Pool:
        key = f"{part}-{name}"
        if key not in self.pools:
            shards = read_shards(self.data, name, self.config["data"]["size"], seeds_for(part, self.config["data"]["held_out_seed"]))
            self.pools[key] = Pool(shards)
        return self.pools[key]

    def average_in(self):
        keep = min(self.settings["average"], (1 + self.state["step"]) / (10 + self.state["step"]))
        torch._foreach_lerp_(self.average, [p.detach() for p in self.trainer.model.parameters()], 1 - keep)

    def gate(self, stage: str):
        """The averaged weights on held-out scenes of a stage."""
        model = self.trainer.model
        mine = [p.detach().clone() for p in model.parameters()]
        torch._foreach_copy_([p.data for p in model.parameters()], self.average)
        samples = held_out(self.pool(stage, "val"), self.settings["gate_samples"])
        figures = measure(model, self.tokenizer, samples, self.settings["vision"])
        torch._foreach_copy_([p.data for p in model.parameters()], mine)
        line = {**{k: self.state[k] for k in ("step", "q", "seconds")}, "stage": stage, **figures}
        with (self.folder / "gates.jsonl").open("a") as out:
            out.write(json.dumps(line) + "\n")
        print("GATE", json.dumps(line), flush=True)


def share(trainer: Trainer, watched: float | None) -> float | None:
    """Averages gradients and the watched figure over the processes of a run."""
    if not dist.is_initialized():
        return watched
    missing = [p for p in trainer.parameters() if p.grad is None]
    for p in missing:
        p.grad = torch.zeros_like(p)
    grads = [p.grad for p in trainer.parameters()]
    flat = torch.cat([g.flatten() for g in grads] + [torch.tensor([watched or 0.0])])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    torch._foreach_copy_(grads, [piece.view_as(g) for piece, g in zip(flat[:-1].split([g.numel() for g in grads]), grads, strict=True)])
    for p in missing:
        p.grad = None
    return None if watched is None else flat[-1].item()


def main() -> None:
    ranks, rank = int(os.environ.get("ZV_RANKS", 1)), int(os.environ.get("RANK", 0))
    if ranks > 1:
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": os.environ.get("MASTER_PORT", "29517")}
        dist.init_process_group("gloo", rank=rank, world_size=ranks)
    parser = argparse.ArgumentParser()
    parser.add_argument("--start", type=Path, help="an exported model whose weights and tokenizer a new run begins with")
    parser.add_argument("--stage", type=int, default=0, help="with --start: which of config.toml's stages, from 0")
    args = parser.parse_args()
    run = Run(args.start)
    if args.start and run.state["step"] == 0:
        run.start_from(args.start, args.stage)
    settings, state, trainer = run.settings, run.state, run.trainer
    stages = settings["stages"]
    if rank == 0:
        cut_back(run.folder / "curve.csv", state["step"])
    logged, since, shown = {}, time.time(), state["step"]
    while state["stage"] < len(stages):
        stage = stages[state["stage"]]
        only = stage.get("only")
        random = np.random.default_rng([settings["seed"], state["step"], rank])
        names, weights = zip(*stage["mix"].items(), strict=True)
        scenes = stage.get("scenes", settings["scenes"]) // ranks
        drawn = [run.pool(names[random.choice(len(names), p=np.array(weights) / sum(weights))]).draw(random, 1 if only else stage.get("branches", settings["branches"]), stage.get("often", {})) for _ in range(scenes)]
        batch = Batch(drawn, trainer)
        started = time.time()
        with autocast(settings["bf16"]):
            total, figures = losses(trainer, batch, random, settings, stage)
        done = state["stage_step"] / stage["max_steps"]
        cooling = min(1.0, max(0.02, (1 - done) / stage["cool"])) if "cool" in stage else 1.0
        rate = stage.get("lr", settings["lr"]) * min(1.0, (state["stage_step"] + 1) / settings["warmup"]) * cooling
        for group in run.optimiser.param_groups:
            group["lr"] = rate
        run.optimiser.zero_grad()
        total.backward()
        if stage.get("hold_model"):  # what an exported set has not: the heads alone learn
            for p in trainer.model.parameters():
                p.grad = None
        watched = share(trainer, figures.get("cell_tens" if only else "tens"))
        figures["grad"] = torch.nn.utils.clip_grad_norm_(trainer.parameters(), settings["clip"]).item()
        run.optimiser.step()
        run.average_in()
        state["step"] += 1
        state["stage_step"] += 1
        state["seconds"] += min(60.0, time.time() - started)
        state["q"] += 0 if only else ranks * batch.ids.shape[0] * batch.ids.shape[1]
        if watched is not None:
            state["tens"] = 0.97 * state["tens"] + 0.03 * watched
        for key, value in figures.items():
            logged.setdefault(key, []).append(value)
        if rank == 0 and state["step"] % settings["log_every"] == 0:
            means = {k: round(float(np.mean(v)), 4) for k, v in logged.items()}
            per_second = round((state["step"] - shown) * scenes * ranks / max(1e-6, time.time() - since), 2)
            shown, since, logged = state["step"], time.time(), {}
            write_curve(run.folder / "curve.csv", {"step": state["step"], "stage": stage["name"], "q": state["q"], "seconds": round(state["seconds"]), "scenes_per_s": per_second, "lr": rate} | means, COLUMNS)
        if rank == 0 and state["step"] % settings["save_every"] == 0:
            run.save()
        if rank == 0 and not only and state["stage_step"] % settings["gate_every"] == 0:
            run.gate(stage["name"])
        done = state["tens"] < stage["until_tens"] and state["stage_step"] > 100
        if done or state["stage_step"] >= stage["max_steps"]:
            print("stage", stage["name"], "ends at", state, flush=True)
            if rank == 0 and not only:
                run.gate(stage["name"])
            state["stage"] += 1
            state["stage_step"], state["tens"] = 0, 3.0
            if rank == 0:
                run.save()


COLUMNS = ["step", "stage", "q", "seconds", "scenes_per_s", "lr", "grad", "look_cat", "look_col", "look_col_acc", "extent_px", "cell_cat", "cell_col", "cell_col_acc", "cell_tens", "edge_px", "query_cat", "query_col", "point", "point_acc", "tens", "ones", "other", "x1"]


if __name__ == "__main__":
    main()
