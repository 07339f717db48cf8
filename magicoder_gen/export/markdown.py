"""Foreign text in Markdown: a code span, a heading, a table that stays a table whatever its cells say."""

import re
from collections.abc import Iterable, Sequence

SHOWN = 20  # rows of a table that untrusted data could make endless
_SUBSTITUTES = str.maketrans({"`": "'", "|": "¦", "<": "‹", ">": "›", "\\": "/"})  # noqa: RUF001  # look-alikes on purpose


def span(text: str, *, longest: int = 100) -> str:
    """Return untrusted text as a code span on one line that nothing in it can leave."""
    safe = "".join(char if char.isprintable() else " " for char in text.translate(_SUBSTITUTES))
    return f"`{' '.join(safe.split())[:longest] or '?'}`"


def block(text: str) -> str:
    """Return untrusted text, as it is but for characters that do not show, in a fence longer than any in it."""
    shown = "".join(char if char.isprintable() or char == "\n" else " " for char in text)
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", shown)), default=0))
    return f"{fence}text\n{shown.strip()}\n{fence}"


def escaped(text: str) -> str:
    """Return text for a heading, its Markdown and HTML marks made literal."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    return re.sub(r"([\\`*_\[\]<>&|#!~])", r"\\\1", printable)


def tallied(head: tuple[str, str], counted: Iterable[tuple[str, int]]) -> str:
    """Return a table of names and how often each is there, most frequent first; a last row sums up the others."""
    rows = ordered(counted)
    if not rows:
        return f"No {head[0]} is known."
    cells = [(span(name), f"{count:,}") for name, count in rows[:SHOWN]]
    rest = sum(count for _, count in rows[SHOWN:])
    more = [(f"{len(rows) - SHOWN} others", f"{rest:,}")] if len(rows) > SHOWN else []
    return table(head, [*cells, *more], numbers=1)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int) -> str:
    """Return a table of cells that are safe already; the last `numbers` columns are ranged right."""
    rule = ["---"] * (len(head) - numbers) + ["---:"] * numbers
    lines = [" | ".join(head), *(" | ".join(row) for row in rows)]
    return "\n".join([f"| {lines[0]} |", f"|{'|'.join(rule)}|", *(f"| {line} |" for line in lines[1:])])


def ordered(rows: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return counted names, most frequent first, then by name."""
    return sorted(rows, key=lambda row: (-row[1], row[0]))
