"""A run's curve: one CSV row every so many steps."""

import csv
from pathlib import Path


def write_curve(path: Path, row: dict, columns: list[str] | None = None) -> None:
    """Appends a row and prints it; figures that are not in `columns` are left out of the file."""
    new = not path.exists()
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
    header, *rows = path.read_text().splitlines(keepends=True)
    path.write_text("".join([header, *(r for r in rows if int(r.split(",")[0]) <= step)]))
