"""Checks with rasterio and shapely what `zeroov ground --all --format geojson,gpkg,cog` placed: one
JSON line a folder. Exit status 1 if one fails.

    python tools/check_places.py SCENE FOLDER [SCENE FOLDER …]

mask.tif has the scene's size, CRS, transform and bounds; every outline of result.geojson and
result.gpkg is valid, and wound as RFC 7946 wants it (outside against the clock, holes with it);
the outlines of both files, rasterised on the mask's grid, are the mask pixel for pixel; every
outline's score is the mean of maps/evolved.tif over it. That is so without `--simplify` and
`--min-area`, which change outlines but not the mask.
"""

import argparse
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import rasterio
import shapely
from rasterio.features import rasterize
from rasterio.warp import Resampling, reproject, transform_geom
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

SCORE_TOLERANCE = 1e-5

def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="SCENE FOLDER")
    paths = parser.parse_args().paths
    if len(paths) % 2:
        parser.error("a folder for every scene")
    reports = [check(*pair) for pair in zip(paths[::2], paths[1::2], strict=True)]
    for report in reports:
        print(json.dumps(report))
    return 0 if all(report["ok"] for report in reports) else 1


def check(scene: Path, folder: Path) -> dict[str, object]:
    with rasterio.open(scene) as own, rasterio.open(folder / "mask.tif") as placed:
        mask = placed.read(1)
        transform, crs = placed.transform, placed.crs
        pixel = np.hypot(own.transform.a, own.transform.d)
        same = {
            "size": placed.shape == own.shape,
            "crs": crs == own.crs,
            # Of a pixel: six decimals of it are what a GeoTIFF's tie point keeps.
            "transform": own.transform.almost_equals(transform, precision=1e-6 * pixel),
            "bounds": np.allclose(placed.bounds, own.bounds, rtol=0, atol=1e-3 * pixel),
        }
        evolved = np.full(mask.shape, np.nan, dtype=np.float32)
        with rasterio.open(folder / "maps" / "evolved.tif") as stored:
            onto = {"dst_transform": transform, "dst_crs": crs, "resampling": Resampling.bilinear}
            reproject(rasterio.band(stored, 1), evolved, dst_nodata=np.nan, tolerance=0, **onto)
    outlines = {
        "geojson": list(of_geojson(folder / "result.geojson")),
        "gpkg": list(of_geopackage(folder / "result.gpkg")),
    }
    in_scene = {
        "geojson": [transform_geom("EPSG:4326", crs, mapping(g)) for g in outlines["geojson"]],
        "gpkg": [mapping(g) for g in outlines["gpkg"]],
    }
    masks = [filled([outline], mask.shape, transform) for outline in in_scene["gpkg"]]
    scores = column(folder / "result.gpkg", "score")
    off = [abs(float(evolved[m].mean()) - s) for m, s in zip(masks, scores, strict=True)]
    features = {name: len(found) for name, found in outlines.items()}
    counts = {
        "not_valid": {name: sum(map(is_not_valid, found)) for name, found in outlines.items()},
        "wound_wrongly": {name: sum(map(is_wound_wrongly, f)) for name, f in outlines.items()},
        "pixels_that_differ": {
            name: int((filled(found, mask.shape, transform) != (mask == 1)).sum())
            for name, found in in_scene.items()
        },
    }
    right = [
        all(same.values()),
        features["geojson"] == features["gpkg"],
        not any(sum(by_file.values()) for by_file in counts.values()),
        max(off, default=0.0) < SCORE_TOLERANCE,
    ]
    return {
        "folder": str(folder),
        "as_the_scene": {name: bool(value) for name, value in same.items()},
        "features": features,
        "mask_pixels": int((mask == 1).sum()),
        **counts,
        "scores_off_by": max(off, default=0.0),
        "ok": all(right),
    }


def of_geojson(path: Path) -> Iterator[BaseGeometry]:
    for feature in json.loads(path.read_text())["features"]:
        yield shape(feature["geometry"])


def of_geopackage(path: Path) -> Iterator[BaseGeometry]:
    """GeoPackage 1.3 §2.1.3: eight bytes, an envelope as bits 1 to 3 of the flags say, then WKB."""
    for blob in column(path, "geom"):
        envelope = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}[blob[3] >> 1 & 7]
        yield shapely.from_wkb(blob[8 + envelope :])


def column(path: Path, name: str) -> list:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        rows = database.execute(f"SELECT {name} FROM regions ORDER BY rowid")
        return [value for (value,) in rows]


def is_not_valid(geometry: BaseGeometry) -> bool:
    return not geometry.is_valid or geometry.is_empty


def is_wound_wrongly(geometry: BaseGeometry) -> bool:
    polygons = getattr(geometry, "geoms", [geometry])
    return any(
        not polygon.exterior.is_ccw or any(hole.is_ccw for hole in polygon.interiors)
        for polygon in polygons
    )


def filled(geometries: list, size: tuple[int, int], transform) -> np.ndarray:
    """[H, W] bool: pixels whose centre lies in a geometry."""
    if not geometries:
        return np.zeros(size, dtype=bool)
    return rasterize(geometries, out_shape=size, transform=transform, dtype="uint8") == 1


if __name__ == "__main__":
    sys.exit(main())
