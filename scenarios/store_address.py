"""Where the run store lies, and how that is shown: never with a password.

libpq quotes parts of a URL that it cannot read, and a password with an unescaped `@` or `/` is read
as host or port. Such a URL is therefore refused here, before libpq sees it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path, PurePath
from urllib.parse import unquote

from optimizer.errors import InputError, Problem

ENVIRONMENT_VARIABLE = "JINGLI_STORE"
FILE_NAME = "runs.sqlite"
HIDDEN = "***"

# One slash too: that is what pathlib leaves of a URL.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+:/{1,2}")
_HOST = r"(?:\[[0-9A-Fa-f:.%]+\]|[^@/?#\[\]:,\s]*)(?::[0-9]*)?"
_POSTGRES = re.compile(
    r"postgres(?:ql)?://"
    r"(?:(?P<user>[^:@/?#\[\]\s]*)(?::(?P<password>[^@/?#\[\]\s]*))?@)?"
    rf"{_HOST}(?:,{_HOST})*"
    r"(?:/[^@/?#\s]*)?"
    r"(?:\?[a-z_]+=[^@&#\s]*(?:&[a-z_]+=[^@&#\s]*)*)?"
)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")
_SECRET = re.compile(r"(?i)((?:password|passwd|pwd|secret)\s*=\s*)('[^']*'|[^&\s]+)")


def default_path(environ: Mapping[str, str], home: Path, platform: str = sys.platform) -> Path:
    """The store in the user's data folder, where the operating system wants such files."""
    if platform == "win32":
        base = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
        return base / "Jingli" / FILE_NAME
    if platform == "darwin":
        return home / "Library" / "Application Support" / "jingli" / FILE_NAME
    return Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "jingli" / FILE_NAME


def store_location(given: str | None, environ: Mapping[str, str], home: Path) -> str:
    """Where the store lies: `--store` if given, else `JINGLI_STORE`, else the default file."""
    return given or environ.get(ENVIRONMENT_VARIABLE) or str(default_path(environ, home))


def is_postgres(location: str | PurePath) -> bool:
    """Whether `location` is a PostgreSQL URL (else a file).

    Raises:
        InputError: a URL of another kind, a PostgreSQL URL that libpq would misread, or a list of
            connection settings. The message does not hold the password.
    """
    text = str(location)
    scheme = _SCHEME.match(text)
    if scheme is None:
        if isinstance(location, str) and _SECRET.search(text):
            raise InputError([_not_a_location(HIDDEN)])
        return False
    if scheme.group() not in ("postgresql://", "postgres://"):
        raise InputError([_not_a_location(scheme.group() + HIDDEN)])
    if _POSTGRES.fullmatch(text) is None or _BAD_ESCAPE.search(text):
        raise InputError(
            [
                Problem(
                    where=scheme.group() + HIDDEN,
                    expected="a URL like postgresql://user:password@host:5432/database",
                    fix="in the user's name and the password write special characters as codes: "
                    "@ as %40, / as %2F, : as %3A, ? as %3F, # as %23, % as %25",
                )
            ]
        )
    return True


def masked(text: str) -> str:
    """`text` with the password of every URL and of every `password=` in it hidden."""
    scheme = _SCHEME.search(text)
    if scheme is None:
        return _SECRET.sub(rf"\g<1>{HIDDEN}", text)
    head, rest = text[: scheme.end()], text[scheme.end() :]
    if scheme.group().lower().startswith("postgres"):
        url = scheme.group() + rest
        if _POSTGRES.fullmatch(url) is None or _BAD_ESCAPE.search(url):
            return head + HIDDEN
    user_and_password, at, place = rest.rpartition("@")
    if at:
        user, colon, _ = user_and_password.partition(":")
        rest = user + (colon and f":{HIDDEN}") + at + place
    return head + _SECRET.sub(rf"\g<1>{HIDDEN}", rest)


def secrets_in(url: str) -> frozenset[str]:
    """The passwords in a well-formed PostgreSQL URL, as written and as meant."""
    found = [m.group(2) for m in _SECRET.finditer(url)]
    whole = _POSTGRES.fullmatch(url)
    if whole is not None and whole["password"]:
        found.append(whole["password"])
    return frozenset(found) | {unquote(one) for one in found}


def _not_a_location(shown: str) -> Problem:
    return Problem(
        where=shown,
        expected="the path of a file, or a URL that starts with postgresql://",
        fix="give such a place with --store or in JINGLI_STORE",
    )
