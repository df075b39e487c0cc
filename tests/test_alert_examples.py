"""The 50,000 incidents of Vlcek et al.: counted as they were published."""

from __future__ import annotations

import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from scenarios.alerts_case import Ground, read_alerts
from scenarios.case import open_case

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "vlcek510"


def test_vlcek_incidents_by_hexagon(shared: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(EXAMPLE, tmp_path / "case", ignore=shutil.ignore_patterns(".jingli"))
    text = (folder / "case.yaml").read_text(encoding="utf-8")
    (folder / "case.yaml").write_text(
        text.replace("../../../shared/data", shared.as_posix()), encoding="utf-8"
    )
    cells = gpd.read_file(shared / "vlcek510" / "grid" / "grid_0510.shp").to_crs(4326)
    middle = cells.to_crs(3857).centroid.to_crs(4326)
    n = len(cells)
    ground = Ground(
        cell_id=tuple(cells["id"].astype(int).astype(str)),
        township=("",) * n,
        geometry=cells.geometry.to_numpy(object),
        lon_deg=middle.x.to_numpy(float),
        lat_deg=middle.y.to_numpy(float),
        population=np.zeros(n),
        station=np.zeros(n, np.int64),
        station_name=("Department",),
        seat_lon_deg=np.zeros(1),
        seat_lat_deg=np.zeros(1),
    )
    found = read_alerts(open_case(str(folder)), ground)
    table = found.table
    assert (found.rows_read, len(table)) == (50_000, 50_000)
    assert found.placed["cell"] == 1.0
    published = pd.read_csv(shared / "vlcek510" / "weight_0510.csv", header=None)[0]
    by_cell = np.bincount(table.cell, minlength=n)
    number = [int(c) for c in ground.cell_id]
    assert by_cell.tolist() == published.to_numpy()[np.array(number) - 1].astype(int).tolist()
    raw = pd.read_csv(shared / "vlcek510" / "incidents_0510.csv")
    # Times are the epochs an hour ahead of UTC, and each row leads back to its line.
    assert (table.occurred_at.astype(np.int64) - 3600).tolist() == sorted(raw["epoch"])
    assert raw["priority"].to_numpy()[table.row - 2].tolist() == table.priority.tolist()
