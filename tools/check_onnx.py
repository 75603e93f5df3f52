"""Checks ONNX files with onnx.checker (full: shapes and types are inferred too). Exit status 1 if
one fails.

    python tools/check_onnx.py graph.onnx [more.onnx …]
    python tools/check_onnx.py --weights checkpoints/demo/vlm graph.onnx

External weights are looked for in `--weights` (may be repeated), then beside the graph. The checker
wants them beside the graph and refuses symbolic and hard links, so the graph is checked in a
temporary folder beside empty stand-ins of the weights' lengths (sparse files: gigabytes cost
nothing); no weight's value is looked at. That every weight's bytes are as many as its shape needs,
and inside its file, is checked here.
"""

import argparse
import math
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import onnx
from onnx.external_data_helper import ExternalDataInfo, uses_external_data


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "--weights", action="append", default=[], type=Path, help="a folder with external weights"
    )
    options = parser.parse_args()
    failures = [file for file in options.files if not check(file, options.weights)]
    return 1 if failures else 0


def check(file: Path, folders: list[Path]) -> bool:
    """Prints `ok` or `fail` with the reason; true if the file is a valid model."""
    try:
        model = onnx.load(file, load_external_data=False)
        tensors = [t for t in tensors_of(model.graph) if uses_external_data(t)]
        sources = {location_of(t): find(location_of(t), [*folders, file.parent]) for t in tensors}
        for tensor in tensors:
            check_range(tensor, sources[location_of(tensor)])
        with tempfile.TemporaryDirectory(prefix="check-onnx-") as scratch:
            copy = Path(scratch) / file.name
            shutil.copyfile(file, copy)
            for location, source in sources.items():
                stand_in(source, safe_target(Path(scratch), location))
            onnx.checker.check_model(str(copy), full_check=True)
    except Exception as error:  # whatever is wrong with a file is this program's output
        print(f"fail  {file}: {type(error).__name__}: {error}")
        return False
    opsets = ", ".join(f"{o.domain or 'ai.onnx'} {o.version}" for o in model.opset_import)
    print(f"ok    {file}: {len(model.graph.node)} nodes, {len(sources)} weight files, {opsets}")
    return True


def tensors_of(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            if attribute.HasField("g"):
                yield from tensors_of(attribute.g)


def location_of(tensor: onnx.TensorProto) -> str:
    return ExternalDataInfo(tensor).location


def check_range(tensor: onnx.TensorProto, source: Path) -> None:
    """The checker leaves this to the runtime: as many bytes as the shape needs, inside the file."""
    info = ExternalDataInfo(tensor)
    expected = (
        math.prod(tensor.dims) * onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    )
    offset, length = info.offset or 0, expected if info.length is None else info.length
    if length != expected:
        raise ValueError(
            f"{tensor.name} {list(tensor.dims)} needs {expected} bytes, its external data says"
            f" {length}"
        )
    if offset + length > source.stat().st_size:
        raise ValueError(
            f"{tensor.name} ends at byte {offset + length} of {source.name}, which has"
            f" {source.stat().st_size}"
        )


def find(location: str, folders: list[Path]) -> Path:
    for folder in folders:
        if (folder / location).is_file():
            return (folder / location).resolve()
    raise FileNotFoundError(
        f"external weights {location!r} are in none of {[str(f) for f in folders]}: use"
        " --weights DIR"
    )


def safe_target(scratch: Path, location: str) -> Path:
    target = (scratch / location).resolve()
    if not target.is_relative_to(scratch.resolve()):
        raise ValueError(f"external weights {location!r} lie outside the model's folder")
    return target


def stand_in(source: Path, target: Path) -> None:
    """A sparse file as long as `source`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        file.truncate(source.stat().st_size)


if __name__ == "__main__":
    sys.exit(main())
