"""The SVG map in a real browser with no network: it draws, in Chinese, and asks for nothing."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
from click.testing import CliRunner
from PIL import Image

from scenarios.cli import jingli
from tests.small_case import write_case

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--window-size=1400,1000", "--proxy-server=127.0.0.1:9",
)  # fmt: skip


def test_the_svg_draws_and_asks_for_nothing(chromium: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    folder = write_case(tmp_path / "case")
    done = CliRunner().invoke(jingli, ["run", str(folder), "--out", str(out), "--lang", "zh"])
    assert done.exit_code == 0, done.output
    svg = (out / "map.svg").read_text(encoding="utf-8")
    links = re.findall(r'(?:href|src)="([^"#][^"]*)"|url\(([^#)][^)]*)\)', svg)
    assert not [a or b for a, b in links if not (a or b).startswith("data:")]
    shot = tmp_path / "shot.png"
    subprocess.run(
        [
            chromium, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}",
            f"--screenshot={shot}", (out / "map.svg").as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )  # fmt: skip
    picture = np.asarray(Image.open(shot).convert("RGB")).reshape(-1, 3)
    colours = np.unique(picture // 16, axis=0)
    assert len(colours) > 20, "the browser drew next to nothing"
