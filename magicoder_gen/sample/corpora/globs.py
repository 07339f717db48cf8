"""Match relative paths against patterns in which `**` stands for any number of folders."""

import re
from collections.abc import Iterable


def compiled(patterns: Iterable[str]) -> re.Pattern[str]:
    """Return an expression whose `fullmatch` accepts paths (with "/") that match one of `patterns`.

    `*` and `?` stay within a name, `**/` is zero or more folders, a final `**` everything below.
    Other characters, brackets too, stand for themselves.
    """
    return re.compile("|".join(map(_expression, patterns)) or r"(?!)")


def _expression(pattern: str) -> str:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return "".join(_WILDCARDS.get(part) or re.escape(part) for part in parts)


_WILDCARDS = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
