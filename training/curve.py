"""A run's curve: one CSV row every so many steps."""

import csv
import os
from pathlib import Path


def write_curve(path: Path, row: dict, columns: list[str] | None = None) -> None:
    """Appends a row and prints it; figures that are not in `columns` are left out of the file."""
    new = not path.exists() or path.stat().st_size == 0
    with path.open("a", newline="") as out:
        writer = csv.DictWriter(out, columns or list(row), extrasaction="ignore")
        if new:
            writer.writeheader()
        writer.writerow(row)
    print(" ".join(f"{k}={v}" for k, v in row.items()), flush=True)


def cut_back(path: Path, step: int) -> None:
    """Drops the rows after `step`, to which a stopped run goes back: they are written again."""
    if not path.exists():
        return
    lines = path.read_bytes().splitlines(keepends=True)
    part = path.with_suffix(".part")
    part.write_bytes(b"".join([*lines[:1], *(r for r in lines[1:] if int(r.split(b",")[0]) <= step)]))
    os.replace(part, path)
