"""What .gitignore files leave out, folder by folder as git sees it.

Sources: https://git-scm.com/docs/gitignore for what decides, pathspec for what one pattern matches.
"""

import os
import re
from typing import NamedTuple, Self, cast

from magicoder_gen.sample.corpora import checkouts, faults, files

_STARS = 3  # in one name: 200 letters take 20 ms
_MAX_BYTES = 1_000_000  # ours: no list that people wrote comes near


class _Rule(NamedTuple):
    expression: re.Pattern[str]
    ignores: bool


class _Rules(NamedTuple):
    """One file's rules, the last first, for paths without their first `cut` characters."""

    cut: int
    rules: tuple[_Rule, ...]

    def verdict(self, path: str) -> bool | None:
        """Whether the last rule that matches `path` itself ignores it, None if none does.

        An expression also matches whatever lies below what it names. That is not asked for here: a folder that
        is ignored is never entered.
        """
        asked = path[self.cut :]
        for rule in self.rules:
            found = rule.expression.search(asked)
            if found and found.end() == len(asked):
                return rule.ignores
        return None


class Ignores(NamedTuple):
    """The rules that apply in a folder, the nearest last; `base` is the walk's root as their checkout calls it."""

    lists: tuple[_Rules, ...] = ()
    base: str = ""

    def covers(self, entry: str) -> bool:
        """Whether `entry`, a path below the walk's root, is ignored; it ends with "/" if it is a folder."""
        path = self.base + entry
        for rules in reversed(self.lists):
            verdict = rules.verdict(path)
            if verdict is not None:
                return verdict
        return False

    def entered(self, path: str, prefix: str) -> Self:
        """Return what applies in the folder `path`, whose entries the walk calls `prefix` + name.

        A checkout begins anew: rules of a repository around it do not reach into it.
        """
        git = checkouts.git_folder(path)
        if git is None:
            return self.plus(f"{path}/.gitignore", prefix)
        fresh = self._replace(lists=())
        return fresh.plus(f"{checkouts.common_folder(git)}/info/exclude", prefix).plus(f"{path}/.gitignore", prefix)

    def plus(self, path: str, prefix: str) -> Self:
        """Return these and the rules in the file `path`, for the entries that the walk calls `prefix` + name."""
        rules = _rules(path)
        added = _Rules(len(self.base) + len(prefix), rules)
        return self._replace(lists=(*self.lists, added)) if rules else self


def around(root: str) -> Ignores | None:
    """Return what applies in `root`, with the rules of its checkout's folders above it; None if those ignore it."""
    top = checkouts.enclosing(root) or root
    found = Ignores().entered(top, "")
    below = ""
    for name in os.path.relpath(root, top).split("/") if top != root else ():
        below += f"{name}/"
        if found.covers(below):
            return None
        found = found.entered(f"{top}/{below}".rstrip("/"), below)
    return found._replace(base=below)


def _rules(path: str) -> tuple[_Rule, ...]:
    """Return the rules in the file `path`, the last first; none if there is no such file to be read."""
    try:
        content = files.regular(path, limit=_MAX_BYTES)
    except OSError as error:
        faults.raise_if_exhausted(error, path)
        return ()
    lines = os.fsdecode((content or b"").removeprefix(b"\xef\xbb\xbf")).split("\n")
    return tuple(rule for line in reversed(lines) if (rule := _rule(line)))


def _rule(line: str) -> _Rule | None:
    """Return the rule of a line, None if it has none: blank, a comment, or a pattern that git drops too.

    A pattern with many stars in one name is left out: time would grow with their power.
    """
    import pathspec

    line = re.sub(r"\*{3,}", "**", line)
    if any(len(re.findall(r"\*+", name)) > _STARS for name in line.split("/")):
        return None
    try:
        patterns = list(pathspec.GitIgnoreSpec.from_lines([_plain(line)]).patterns)
    except ValueError:
        return None
    kept = [pattern for pattern in patterns if pattern.regex and pattern.include is not None]
    return _Rule(cast("re.Pattern[str]", kept[0].regex), bool(kept[0].include)) if kept else None


def _plain(line: str) -> str:
    """Return an equal pattern that does not end in "*" or "**", for which pathspec's expressions are shorter.

    Those match, but not to the path's end. `?*` is any name; below `a/**` is any name at any depth.
    """
    line = line.rstrip(" \t\r") if not line.endswith("\\ ") else line
    body, slash = (line[:-1], "/") if line.endswith("/") else (line, "")
    folder, _, last = body.removeprefix("!").rpartition("/")
    if last not in {"*", "**"}:
        return line
    mark = "!" if body.startswith("!") else ""
    start = f"{folder}/" if "/" in body else ""
    if last == "**":
        start = f"{start}**/" if folder else ""
    return f"{mark}{start}?*{slash}"
