"""Writes src/geo/datum-table.ts: the coordinate systems of EPSG that zeroov places, and how their datum meets WGS 84.

  python tools/write_datum_table.py      (needs pyproj, whose proj.db holds the EPSG dataset, and npx tsx)

A projected system enters when proj4 agrees with PROJ within 1 cm at nine points of its area (check-projections.ts). A
datum's rows are EPSG's Helmert transformations (3 or 7 parameters) to WGS 84 that are neither deprecated nor replaced,
without those that another one beats in both area and accuracy. Grids are left out: they need files. A datum without rows
whose ellipsoid is that of WGS 84 or GRS 1980 is taken as WGS 84, to 2 m.
"""

import json
import math
import os
import re
import sqlite3
import subprocess
import warnings
from collections import defaultdict

import pyproj

warnings.simplefilter("ignore")
HERE = os.path.dirname(os.path.abspath(__file__))
OUTPUT = os.path.join(HERE, "../src/geo/datum-table.ts")
WGS84 = 4326
WORLD = (-180.0, -90.0, 180.0, 90.0)
TO_ARC_SECONDS = {9104: 1.0, 1031: 1e-3, 9109: 0.20626480624709636, 9101: 206264.80624709636, 9113: 0.324, None: 1.0}
TO_PPM = {9202: 1.0, 1028: 1e-3, 9201: 1e6, None: 1.0}
TO_METRES = {9001: 1.0, 1025: 1e-3}
METHODS = {9603: 1, 9606: 1, 9607: -1}  # translations, position vector, coordinate frame: the sign of the rotations
UNKNOWN_ACCURACY = 999.0
DOUBTFUL = {9143}  # MGI 1901 to WGS 84 (14): 1.6 km from where the other nine put Kosovo

db = sqlite3.connect(os.path.join(pyproj.datadir.get_data_dir(), "proj.db"))


def ask(sql):
    return db.execute(sql).fetchall()


def samples():
    """Projected system → nine [longitude, latitude, x, y] of its area, by PROJ on the system's own datum."""
    found = {}
    for info in pyproj.database.query_crs_info("EPSG", [pyproj.enums.PJType.PROJECTED_CRS], allow_deprecated=True):
        try:
            crs = pyproj.CRS.from_epsg(int(info.code))
            base = crs.geodetic_crs
            project = pyproj.Transformer.from_crs(base, crs, always_xy=True)
        except pyproj.exceptions.ProjError:
            continue
        unit = math.degrees(base.axis_info[0].unit_conversion_factor)
        meridian = base.prime_meridian.longitude * math.degrees(base.prime_meridian.unit_conversion_factor)
        west, south, east, north = crs.area_of_use.bounds
        points = []
        for fx in (0.1, 0.5, 0.9):
            for fy in (0.1, 0.5, 0.9):
                longitude = (west + (east - west) % 360 * fx + 180) % 360 - 180
                latitude = south + (north - south) * fy
                x, y = project.transform((longitude - meridian) / unit, latitude / unit)
                points.append([longitude, latitude, x, y])
        if all(math.isfinite(v) for point in points for v in point):
            found[info.code] = points
    return found


def proven():
    cases = samples()
    check = ["npx", "tsx", os.path.join(HERE, "check-projections.ts")]
    run = subprocess.run(check, input=json.dumps(cases), capture_output=True, text=True, check=True)
    good = set(json.loads(run.stdout))
    print(f"{len(good)} of {len(cases)} projected systems agree with PROJ")
    return good


def bases():
    """Geographic system → projected systems on it; those of another prime meridian count to the same datum."""
    rotated = dict(
        ask(
            "select source_crs_code, target_crs_code from other_transformation "
            "where method_name = 'Longitude rotation' and deprecated = 0"
        )
    )
    by_base = defaultdict(set)
    for code, base in ask(
        "select code, geodetic_crs_code from projected_crs "
        "where auth_name = 'EPSG' and geodetic_crs_auth_name = 'EPSG'"
    ):
        by_base[int(rotated.get(base, base))].add(int(code))
    return by_base


def shifts():
    """Geographic system → [(accuracy in m, (west, south, east, north), parameters)]."""
    replaced = {code for (code,) in ask("select superseded_code from supersession where same_source_target_crs = 1")}
    found = defaultdict(list)
    for row in ask(
        "select h.code, h.name, method_code, source_crs_code, accuracy, tx, ty, tz, translation_uom_code, rx, ry, rz, "
        "rotation_uom_code, scale_difference, scale_difference_uom_code, west_lon, south_lat, east_lon, north_lat "
        "from helmert_transformation h join usage u on u.object_table_name = 'helmert_transformation' "
        "and u.object_auth_name = 'EPSG' and u.object_code = h.code "
        "join extent e on e.auth_name = u.extent_auth_name and e.code = u.extent_code "
        f"where h.auth_name = 'EPSG' and target_crs_code = {WGS84} and h.deprecated = 0"
    ):
        code, name, method, source, accuracy, tx, ty, tz, length, rx, ry, rz, angle, scale, ratio, *area = row
        if code in replaced | DOUBTFUL or method not in METHODS:
            continue
        seconds = METHODS[method] * TO_ARC_SECONDS[angle]
        shift = [t * TO_METRES[length] for t in (tx, ty, tz)]
        shift += [(r or 0) * seconds for r in (rx, ry, rz)] + [(scale or 0) * TO_PPM[ratio]]
        if not any(shift[3:]):
            shift = shift[:3] if any(shift) else []
        version = int(re.search(r"\((\d+)\)$", name)[1])  # "Amersfoort to WGS 84 (4)"
        found[int(source)].append((version, (accuracy or UNKNOWN_ACCURACY, tuple(area), tuple(shift))))
    return {source: undominated([row for _, row in sorted(rows, reverse=True)]) for source, rows in found.items()}


def undominated(rows):
    """The most accurate first, of equals the newest, as they come."""
    kept = []
    for row in sorted(rows, key=lambda row: row[0]):
        if not any(contains(other[1], row[1]) for other in kept):
            kept.append(row)
    return kept


def contains(outer, inner):
    width = lambda area: (area[2] - area[0]) % 360 or 360
    if outer[1] > inner[1] or outer[3] < inner[3]:
        return False
    return (inner[0] - outer[0]) % 360 + width(inner) <= width(outer) + 1e-9


def is_geocentric(code):
    """The ellipsoid is that of WGS 84 or GRS 1980, and the datum has a name."""
    crs = pyproj.CRS.from_epsg(code)
    ellipsoid = crs.ellipsoid
    named = "nspecified" not in crs.name and "nknown" not in crs.name
    return named and ellipsoid.semi_major_metre == 6378137 and abs(ellipsoid.inverse_flattening - 298.2572) < 1e-3


def number(value):
    return repr(round(value, 7) + 0.0).removesuffix(".0")


def runs(codes):
    """{1, 2, 3, 7} → "1-3 7"."""
    parts = []
    for code in sorted(codes):
        if parts and parts[-1][1] == code - 1:
            parts[-1][1] = code
        else:
            parts.append([code, code])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def main():
    good, by_base, table = proven(), bases(), shifts()
    table[WGS84] = [(0, WORLD, ())]
    for base in by_base:
        if base not in table and is_geocentric(base):
            table[base] = [(2, WORLD, ())]
    refused = set().union(*(by_base[base] for base in by_base if base not in table))
    print(f"{len(good - refused)} of them stand on a known datum")
    lines = []
    for base in sorted(table):
        lines.append(f"{base}: {runs(by_base[base] & good)}".rstrip())
        lines += [" | ".join([number(accuracy), " ".join(map(number, area)), " ".join(map(number, shift))]).rstrip()
                  for accuracy, area, shift in table[base]]
    version = dict(ask("select key, value from metadata"))
    with open(OUTPUT, "w") as file:
        file.write(HEADER.format(epsg=version["EPSG.VERSION"], proj=version["PROJ.VERSION"], lines="\n".join(lines)))


HEADER = """/**
 * Written by tools/write_datum_table.py from the EPSG dataset {epsg} (through the proj.db of PROJ {proj}).
 *
 * "G: P P-P …": a geographic system and the projected ones on its datum. Then a row for each way to WGS 84, best first:
 * accuracy in m | west south east north of its area in degrees | nothing (the same), 3 translations in m, or those with 3
 * rotations in arc seconds (position vector) and a scale in ppm.
 */
export const DATUM_TABLE = `\\
{lines}
`;
"""

main()
