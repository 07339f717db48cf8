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
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", re.sub(r"\*{3,}", "**", pattern))
    found = ""
    for number, part in enumerate(parts):
        literal = _WILDCARDS.get(part) or re.escape(part)
        # The first place where what follows a star matches is as good as any, if another star comes in the same name:
        # so it is never tried again, and time does not grow with the power of the stars.
        is_last = "*" not in parts[number + 2 : number + 3] or "/" in "".join(parts[number + 1 : number + 2])
        if part == "*" and not is_last:
            found += f"(?>[^/]*?{re.escape(parts[number + 1])})"
            parts[number + 1] = ""
        else:
            found += literal
    return found


_WILDCARDS = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
