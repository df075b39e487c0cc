"""One kept run, in the form in which it is stored: what went in, what came out, and its name."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from optimizer.result import Status
from scenarios.store_address import masked

# Crockford's base 32: no letter that reads as a digit, and ASCII order is numeric order.
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_DIGITS, _CHANCE_DIGITS = 4, 3
_DAY = timedelta(days=1)
RUN_ID = re.compile(rf"[0-9]{{8}}-[{_DIGITS}]{{{_TIME_DIGITS + _CHANCE_DIGITS}}}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NUL = chr(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What is kept of a run. Texts are brought into their stored form when it is made.

    Attributes:
        created_at: When the run ended; stored in UTC.
        case_name: The county's name.
        case_folder: The case as the planner typed it.
        county_digest: Digest of the county as read from the case's files.
        scenario: Scenario, or None where the case has none.
        policy_digest: Digest of the policy.
        seed: Seed of the solver.
        version: Version of Jingli.
        versions: Version of Python and of each library that can change a plan.
        status: Status of the plan.
        command: The command line; passwords in it are hidden.
        proofs: JSON list, one proof a stage.
        evaluation: JSON object with the evaluations of today and of the plan.
        plan: JSON object that `Plan.from_json` reads; None where no plan was found.

    Raises:
        ValueError: a time without a zone, something that is not a digest, or text that is not
            JSON of that kind (NaN and infinity are not JSON).
    """

    created_at: datetime
    case_name: str
    case_folder: str
    county_digest: str
    scenario: str | None
    policy_digest: str
    seed: int
    version: str
    versions: Mapping[str, str]
    status: Status
    command: tuple[str, ...]
    proofs: str
    evaluation: str
    plan: str | None

    def __post_init__(self) -> None:
        if self.created_at.tzinfo is None:
            raise ValueError("created_at: a time with its zone")
        for name in ("county_digest", "policy_digest"):
            if not _DIGEST.fullmatch(getattr(self, name)):
                raise ValueError(f"{name}: a SHA-256 in hexadecimal")
        stored = {
            "created_at": self.created_at.astimezone(UTC),
            "case_name": storable(self.case_name),
            "case_folder": storable(masked(self.case_folder)),
            "scenario": None if self.scenario is None else storable(self.scenario),
            "versions": {storable(k): storable(v) for k, v in sorted(self.versions.items())},
            "command": tuple(storable(masked(word)) for word in self.command),
            "proofs": _canonical("proofs", self.proofs, list),
            "evaluation": _canonical("evaluation", self.evaluation, dict),
            "plan": None if self.plan is None else _canonical("plan", self.plan, dict),
        }
        for name, value in stored.items():
            object.__setattr__(self, name, value)


COLUMNS = tuple(f.name for f in fields(RunRecord))
"""Columns of the table of runs beside `run_id`, in the order of `row_of` and `record_of`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A run and the id under which it is kept."""

    run_id: str
    record: RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One line of the list of runs; the documents are left out. Fields as in `RunRecord`."""

    run_id: str
    created_at: datetime
    case_name: str
    case_folder: str
    scenario: str | None
    county_digest: str
    policy_digest: str
    seed: int
    version: str
    status: Status


SUMMARY_COLUMNS = tuple(f.name for f in fields(RunSummary))


def run_id_of(record: RunRecord, attempt: int = 0) -> str:
    """A short id that sorts by time: day, time of day to 0.1 s, and three digits of a digest.

    It depends on the record only, so that a run that is added again keeps its id.

    Args:
        record: The run.
        attempt: Raised by one where another run already has the id.
    """
    midnight = record.created_at.replace(hour=0, minute=0, second=0, microsecond=0)
    tick = (record.created_at - midnight) * len(_DIGITS) ** _TIME_DIGITS // _DAY
    whole = json.dumps([attempt, *row_of(record)], ensure_ascii=True).encode()
    chance = int.from_bytes(hashlib.sha256(whole).digest())
    return (
        f"{record.created_at:%Y%m%d}-{_base32(tick, _TIME_DIGITS)}{_base32(chance, _CHANCE_DIGITS)}"
    )


def time_text(time: datetime) -> str:
    """A time as stored: UTC, of fixed width, so that text sorts as time does."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def row_of(record: RunRecord) -> tuple[str | int | None, ...]:
    """The record as the values of `COLUMNS`."""
    own: dict[str, Any] = {name: getattr(record, name) for name in COLUMNS}
    own["created_at"] = time_text(record.created_at)
    own["status"] = record.status.value
    own["versions"] = compact(record.versions)
    own["command"] = compact(list(record.command))
    return tuple(own.values())


def record_of(row: Sequence[Any]) -> RunRecord:
    """The record of the values of `COLUMNS`."""
    own = dict(zip(COLUMNS, row, strict=True))
    own["created_at"] = datetime.fromisoformat(own["created_at"])
    own["status"] = Status(own["status"])
    own["versions"] = json.loads(own["versions"])
    own["command"] = tuple(json.loads(own["command"]))
    return RunRecord(**own)


def summary_of(row: Sequence[Any]) -> RunSummary:
    """The summary of the values of `SUMMARY_COLUMNS`."""
    own = dict(zip(SUMMARY_COLUMNS, row, strict=True))
    own["created_at"] = datetime.fromisoformat(own["created_at"])
    own["status"] = Status(own["status"])
    return RunSummary(**own)


def compact(document: object) -> str:
    """JSON without blanks, as stored.

    Raises:
        ValueError: NaN or infinity in it.
    """
    return storable(
        json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    )


def _canonical(name: str, text: str, kind: type) -> str:
    try:
        document = json.loads(text, parse_constant=_no_constant)
        if isinstance(document, kind):
            return compact(document)
    except ValueError as error:
        raise ValueError(f"{name}: not JSON: {error}") from error
    raise ValueError(f"{name}: a JSON {'list' if kind is list else 'object'}")


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def storable(text: str) -> str:
    """Text that both databases take: bytes of a path that are no UTF-8, and NUL, as escapes."""
    plain = text.encode("utf-8", "backslashreplace").decode()
    return plain.replace(_NUL, r"\x00")


def _base32(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
