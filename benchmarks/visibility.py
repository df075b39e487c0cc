"""CPU time of `jingli visibility` on Dianjiang as its key areas grow in number.

`python -m benchmarks.visibility [K ...]`: as modelled, then the K busiest cells by night of every
station, two visits of 15 minutes each.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from optimizer.alert_rules_visibility import clock_span
from optimizer.errors import untranslated
from scenarios.case import open_case
from scenarios.key_areas import KeyArea, alerts_per_year_in, write_key_areas
from scenarios.load import LoadedCase
from scenarios.opened import Opened
from scenarios.run import run_case
from scenarios.visibility import VisibilityWishes, study_visibility

CASE, NIGHT = "dianjiang", "20:00-04:00"


def busiest(loaded: LoadedCase, count: int) -> list[KeyArea]:
    """The busiest cells by night of every station."""
    span = clock_span(NIGHT)
    assert span is not None
    cells, night = loaded.county.cells, alerts_per_year_in(loaded.county, *span)
    areas = []
    for s in range(len(loaded.county.stations)):
        own = np.flatnonzero(cells.station == s)
        areas += [
            KeyArea(
                area_id=cells.cell_id[c], name=cells.cell_id[c], lon_deg=float(cells.lon_deg[c]),
                lat_deg=float(cells.lat_deg[c]), minutes=30.0, visits=2, opens_min=0,
                closes_min=span[1], alerts_per_year=float(night[c]), modelled=True,
            )
            for c in own[np.argsort(-night[own], kind="stable")][:count].tolist()
        ]  # fmt: skip
    return areas


def timed(opened: Opened, key_areas: Path | None, name: str) -> None:
    """Print one row."""
    wishes = VisibilityWishes(night=NIGHT, key_areas=key_areas)
    start = time.process_time()
    found = study_visibility(opened, wishes, untranslated)
    seconds = time.process_time() - start
    before, after = (found.coverage(is_plan=p) for p in (False, True))
    units = [u for u in dict.fromkeys((*found.today, *found.planned)) if not u.idle]
    visits = max(sum(found.areas[row].area.visits for row in u.areas) for u in units)
    print(
        f"{name:12} {before.areas:4} areas, at most {visits:3} visits: {seconds:5.1f} s of CPU; "
        f"covered {before.covered} -> {after.covered}; "
        f"{sum(u.status == 'OPTIMAL' for u in units)} of {len(units)} patrols proven"
    )


def main() -> None:
    """Run Dianjiang, then time each number of key areas."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", nargs="*", type=int, default=[4, 8], metavar="K")
    counts: list[int] = parser.parse_args().counts
    run = run_case(open_case(CASE), None)
    opened = Opened(
        label=CASE, scenario=run.scenario, loaded=run.loaded, proofs=run.result.proofs,
        plan=run.result.plan, is_case=True,
    )  # fmt: skip
    timed(opened, None, "as modelled")
    with tempfile.TemporaryDirectory() as folder:
        for count in counts:
            write_key_areas(busiest(opened.loaded, count), NIGHT, Path(folder))
            timed(opened, Path(folder) / "key_areas.csv", f"{count} a station")


if __name__ == "__main__":
    main()
