"""Hostile text made harmless: for a page, for a script's data. Nothing here renders Markdown or HTML."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from magicoder_gen import credentials

_SECRETS = 50  # in one text
_NAME = 100  # characters
_PICTURES = 0x2400  # of the control characters, in their order
_CONTROLS, _DELETE = 0x20, 0x7F
_IN_SCRIPT = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"})
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def visible(text: str) -> str:
    """Return text with a picture or a name in place of each character that acts and does not show.

    So an escape sequence of a terminal is read and not obeyed, and no character turns the direction of others.
    A carriage return that is part of a line's end is not shown.
    """
    return _UNSEEN.sub(lambda found: _named(found[0]), text.replace("\r\n", "\n"))


def _named(char: str) -> str:
    if ord(char) < _CONTROLS:
        return chr(_PICTURES + ord(char))
    if ord(char) == _DELETE:
        return "\u2421"
    return f"[{unicodedata.name(char, f'U+{ord(char):04X}')}]"


def redacted(text: str) -> str:
    """Return text with the name of its kind in place of each key and password: a report is passed on."""
    for _ in range(_SECRETS):
        found = credentials.find(text)
        if found is None:
            return text
        text = f"{text[: found.start]}[removed: {found.rule}]{text[found.end :]}"
    return "[removed: many secrets]"


def cut(text: str, most: int) -> str:
    """Return at most `most` characters of a text, visible and without secrets; what is left out is counted."""
    text = redacted(text)
    if len(text) <= most:
        return visible(text)
    return f"{visible(text[:most])} [… {len(text) - most:,} more characters]"


def name(text: str) -> str:
    """Return a name for a table, without secrets; nearly all stay as they are, and come again and again."""
    return _known(text) if len(text) <= _NAME else cut(text, _NAME)


@lru_cache(maxsize=10_000)
def _known(text: str) -> str:
    return cut(text, _NAME)


def renamed(counts: Mapping[str, int]) -> Counter[str]:
    """Return counts by what a table calls their names, in the same order."""
    found: Counter[str] = Counter()
    for one, count in counts.items():
        found[name(one)] += count
    return found


def for_script(value: Any) -> str:
    """Return JSON for inside a script element: no character in it can end the element, or a line."""
    return msgspec.json.encode(value).decode().translate(_IN_SCRIPT)
