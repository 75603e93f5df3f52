"""Writes tests/fixtures: tiny checkpoints and what the reference libraries compute with them.

python tools/make_fixtures.py                  # every case
python tools/make_fixtures.py --only vlm-a     # one case; the option may be repeated
"""

import argparse
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch

from fixtures import method, resize, sam, sd, vlm
from fixtures.common import folder_bytes

CASES: dict[str, Callable[[str, Path], None]] = {
    "vlm-a": vlm.make,
    "vlm-b": vlm.make,
    "sd-a": sd.make_full,
    "sd-b": sd.make_short,
    "sam-a": sam.make,
    "sam-b": sam.make,
    "resize": resize.make,
    "method": method.make,
}
LIMIT_BYTES = 9_000_000  # of tests/fixtures in all: it is committed


def main() -> None:
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", action="append", choices=list(CASES), help="a case to write (default: all)"
    )
    parser.add_argument(
        "--out", type=Path, default=root / "tests" / "fixtures", help="where the cases go"
    )
    options = parser.parse_args()

    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)  # sums in one order on every machine, and no slower on a busy one
    for name in options.only or CASES:
        started = time.monotonic()
        folder = options.out / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        CASES[name](name, folder)
        print(f"{name}: {folder_bytes(folder) / 1e6:.2f} MB in {time.monotonic() - started:.0f} s")
    total = folder_bytes(options.out)
    print(f"in all: {total / 1e6:.2f} MB of {LIMIT_BYTES / 1e6:.0f} MB")
    if total > LIMIT_BYTES:
        raise SystemExit("too large to commit: make the checkpoints narrower or store fewer values")


if __name__ == "__main__":
    main()
