"""English or Chinese, through gettext and the catalogue in `locale/`.

`jingli.po` is the source; `python dev.py messages` compiles it to the `jingli.mo` beside it.
"""

from __future__ import annotations

import gettext
import locale
import os
import re
from pathlib import Path
from typing import Literal

from optimizer.errors import Translate, untranslated

Language = Literal["en", "zh"]
DOMAIN = "jingli"
LOCALES = Path(__file__).parent / "locale"
_CHINESE = re.compile(r"[\u3400-\u9fff]")


def default_language() -> Language:
    """Chinese where the planner's locale is, else English."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable)
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    # Windows sets none of these, but knows its own locale.
    known = locale.getlocale()[0] or ""
    return "zh" if known.lower().startswith(("zh", "chinese")) else "en"


def translator(language: Language) -> Translate:
    """A function from English message to the same in `language`.

    A message that the catalogue lacks stays English; a test keeps the catalogue complete.
    """
    if language == "en":
        return untranslated
    read = gettext.translation(DOMAIN, LOCALES, languages=[language]).gettext
    # gettext("") is the catalogue's own header.
    return lambda text: read(text) if text else text


def in_language(text: str, language: Language) -> str:
    """The half of a text written as `中文 / English` that is in `language`; else the whole text."""
    halves = text.split(" / ")
    if len(halves) != 2 or bool(_CHINESE.search(halves[0])) == bool(_CHINESE.search(halves[1])):
        return text
    chinese, english = sorted(halves, key=lambda h: not _CHINESE.search(h))
    return chinese if language == "zh" else english


def use_for_this_process(language: Language) -> None:
    """Let libraries that call gettext themselves (click) speak `language`. Entry points only."""
    os.environ["LANGUAGE"] = language
    gettext.bindtextdomain(DOMAIN, LOCALES)
    gettext.textdomain(DOMAIN)
