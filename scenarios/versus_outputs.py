"""The output folder of a comparison: table, JSON and a map of all plans, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from geo.atomic import atomic_folder, write_text
from geo.maps import MapScene, write_map
from geo.safe_text import write_csv
from geo.small_multiples import small_multiples
from optimizer.errors import Translate
from scenarios.case import open_case
from scenarios.documents import json_text
from scenarios.keeping import versions
from scenarios.language import Language
from scenarios.manifest import write_manifest
from scenarios.outputs import scene_of
from scenarios.prepared import Prepared
from scenarios.reopen import world_of
from scenarios.show_versus import letter_of
from scenarios.versus import Versus, to_document


def write_versus(
    found: Versus, out: Path, _: Translate, language: Language, command: Sequence[str]
) -> tuple[str, ...]:
    """Write a comparison into the folder `out`.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written, or the case of a run is no longer as it was.
    """
    scenes = _scenes(found, _, language)
    with atomic_folder(out) as folder:
        write_text(folder / "comparison.json", json_text(to_document(found)))
        letters = [letter_of(i) for i in range(len(found.runs))]
        write_csv(
            folder / "comparison.csv",
            (_("Measure"), _("Unit"), _("Today"), *(r.label for r in found.runs), _("Best")),
            [
                (
                    c.row.label,
                    c.row.unit,
                    *(c.row.shown(v) for v in c.values),
                    ", ".join(found.runs[i].label for i in c.winners),
                )
                for c in found.contests
            ],
        )
        headings = [
            f"{letter}  {run.scenario or run.label}"
            for letter, run in zip(letters, found.runs, strict=True)
        ]
        write_map(small_multiples(scenes, headings), folder / "map")
        return write_manifest(
            folder,
            command=list(command),
            runs=[r.label for r in found.runs],
            plan_digests=[r.plan.digest for r in found.runs],
            versions=versions(),
        )


def _scenes(found: Versus, _: Translate, language: Language) -> list[MapScene]:
    """What the map shows of each run; each case is read once."""
    prepared: dict[str, Prepared] = {}
    scenes = []
    for run in found.runs:
        if run.case_typed not in prepared:
            prepared[run.case_typed] = Prepared(open_case(run.case_typed))
        loaded = world_of(run, prepared[run.case_typed])
        scenes.append(scene_of(loaded, run.plan, loaded.county.name, _, language))
    return scenes
