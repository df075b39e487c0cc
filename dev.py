"""Set up and run Jingli from a fresh checkout, with nothing but Python: `python dev.py demo|test`.

Makes `.venv` beside this file, installs Jingli with the exact versions of constraints.txt, and runs
the demo, all checks, or `gallery`: every map, report and table of the Dianjiang case in Chinese and
English. Works on Linux and Windows; `make demo`, `make gallery` and `make test` call it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
# Command -> Debian package, for tests in a real browser and on a real database server. Where they
# cannot be had those tests skip and say why.
DEBIAN_PACKAGES = {"chromium": "chromium", "pg_ctlcluster": "postgresql"}
POSTGIS = "postgresql-postgis"

# What is compiled once is not compiled again by the next process.
KEPT = {"PYTHONDONTWRITEBYTECODE": ""}

# The README's pictures: smaller, and 256 colours are enough for a map.
SHRINK = """
import sys
from PIL import Image
picture = Image.open(sys.argv[1]).convert("RGB").resize((1400, 990), Image.Resampling.LANCZOS)
picture.quantize(256, method=Image.Quantize.MEDIANCUT).save(sys.argv[2], optimize=True)
"""


def run(*command: str | Path, **environment: str) -> None:
    """Run a command in the checkout; stop with its exit code if it fails."""
    print("+", *(Path(c).name if isinstance(c, Path) else c for c in command), flush=True)
    done = subprocess.run([str(c) for c in command], cwd=ROOT, env={**os.environ, **environment})
    if done.returncode:
        sys.exit(done.returncode)


def install(extra: str) -> None:
    """Make the virtual environment and install Jingli into it, once per change of its files."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        sys.exit(f"Jingli needs Python 3.11 to 3.13; this is {sys.version.split()[0]}.")
    files = (ROOT / "pyproject.toml", ROOT / "constraints.txt")
    wanted = hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest() + extra
    stamp = VENV / f"installed{extra or '-base'}.txt"
    if stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return
    if not PYTHON.exists():
        venv.create(VENV, with_pip=True, clear=True)
    target = f".[{extra}]" if extra else "."
    run(PYTHON, "-m", "pip", "install", "-q", "-c", "constraints.txt", "-e", target)
    stamp.write_text(wanted, encoding="ascii")


def install_system_packages() -> None:
    """As root on Debian, install what those tests need; a failure is left to the tests."""
    missing = [p for command, p in DEBIAN_PACKAGES.items() if shutil.which(command) is None]
    # Has no command of its own.
    if not any(Path("/usr/lib/postgresql").glob("*/lib/postgis-3.so")):
        missing.append(POSTGIS)
    apt = shutil.which("apt-get")
    if not missing or apt is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
        print("+ apt-get", *arguments, flush=True)
        done = subprocess.run([apt, "-qq", *arguments], env=quiet, stdout=subprocess.DEVNULL)
        if done.returncode:
            print(f"apt-get failed; tests that need {', '.join(missing)} will say so.")
            return


def demo() -> None:
    """The main job on the embedded Dianjiang case."""
    install("")
    for scenario in ("as_published", "free"):
        out = ROOT / "build" / "demo" / scenario
        run(BIN / "jingli", "run", "dianjiang", "-s", scenario, "--no-store", "--out", out)


def gallery() -> None:
    """Every file of a run in both languages in build/gallery, and the pictures of the README."""
    install("")
    store = ROOT / "build" / "gallery" / "runs.sqlite"
    store.parent.mkdir(parents=True, exist_ok=True)
    jingli = BIN / "jingli"
    for lang, name in (
        ("zh", "dianjiang_as_published.zh.png"),
        ("en", "dianjiang_as_published.png"),
    ):
        folder = store.parent / lang
        common = ("--store", store, "--lang", lang)
        for scenario in ("as_published", "free"):
            run(jingli, "run", "dianjiang", "-s", scenario, "--out", folder / scenario, *common)
        chosen = folder / "as_published"
        page = ("--paper", "a4", "--paper", "a3")
        run(jingli, "map", chosen, "--out", folder / "map.html", "--sheets", folder / "sheets",
            *page, *common)  # fmt: skip
        # The same file again, with both scenarios in it.
        run(jingli, "map", chosen, folder / "free", "--out", folder / "map.html", *common)
        forms = ("--format", "pdf", "--format", "docx", "--format", "html")
        run(jingli, "report", chosen, *forms, "--out", folder / "report.pdf", *common)
        run(PYTHON, "-c", SHRINK, chosen / "map.png", ROOT / "docs" / "images" / name)


def test(arguments: list[str]) -> None:
    """Every check: style, types, tests."""
    install("test")
    install_system_packages()
    run(PYTHON, "-m", "ruff", "check", ".")
    run(PYTHON, "-m", "ruff", "format", "--check", ".")
    # mypy keeps one core busy; the other reads, rewrites and keeps the tests meanwhile.
    reading = subprocess.Popen(
        [str(PYTHON), "-m", "pytest", "--collect-only"],
        cwd=ROOT, env={**os.environ, **KEPT}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        run(PYTHON, "-m", "mypy")
    finally:
        reading.wait()
    run(PYTHON, "-m", "pytest", "-n", "auto", "--dist", "loadfile", *arguments, **KEPT)


def messages() -> None:
    """Compile the Chinese catalogue."""
    install("test")
    folder = ROOT / "scenarios" / "locale" / "zh" / "LC_MESSAGES"
    compile_ = ("-m", "babel.messages.frontend", "compile")
    run(PYTHON, *compile_, "-i", folder / "jingli.po", "-o", folder / "jingli.mo", "-l", "zh")


def main() -> None:
    """Dispatch on the first argument."""
    match sys.argv[1:]:
        case ["demo"]:
            demo()
        case ["gallery"]:
            gallery()
        case ["messages"]:
            messages()
        case ["test", *arguments]:
            test(arguments)
        case _:
            sys.exit(
                f"{__doc__}\n"
                "usage: python dev.py demo | gallery | test [pytest arguments] | messages"
            )


if __name__ == "__main__":
    main()
