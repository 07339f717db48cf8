"""Licences: the notice at the head of a document, and what its origin says of it."""

import functools
import re
from typing import Literal

from magicoder_gen.records import Block
from magicoder_gen.sample.protocols import Snippet
from magicoder_gen.sample.quality import opening

_LEGAL = re.compile(
    r"copyright|\(c\) ?\d{4}|licen[cs]|warrant(?:y|ies)|liab(?:le|ility)|redistribut|permission|rights reserved|"
    r"\bas is\b|damages|merchantab|free software|public domain|derivative|derived from this software|infringement"
)
_NOTICE = re.compile(
    r"copyright|\(c\) ?\d{4}|licen[cs]ed |licen[cs]e-identifier|permission is hereby|redistribution and use|"
    r"public domain|free software|all rights reserved"
)


class LicenseHeader(Block, frozen=True):
    """Not mostly the licence or copyright notice at a document's head: at most half of the lines that are not blank.

    The notice is the part of the opening comment from the first to the last paragraph that speaks of copyright,
    permissions or warranty; a module's description behind it is none, nor is a notice further down.
    Dropped where measured: 5 % of snippets of installed packages.
    """

    def reason(self, snippet: Snippet) -> str | None:
        """Return `license_header`, or None."""
        if snippet.first_line > opening.MAX_LINES:
            return None
        begin, end = _notice(opening.comment(snippet.source[: opening.EXAMINED].lower(), snippet.language))
        lines = snippet.text.split("\n")
        legal = lines[max(0, begin + 1 - snippet.first_line) : max(0, end + 1 - snippet.first_line)]
        return "license_header" if 2 * _filled(legal) > _filled(lines) else None


def _filled(lines: list[str]) -> int:
    return sum(1 for line in lines if line.strip())


def _notice(comment: list[str]) -> tuple[int, int]:
    """Return the first line of the notice's paragraphs and the one behind their last, from 0; no notice = 0, 0."""
    if not any(_NOTICE.search(line) for line in comment):
        return 0, 0
    legal = [number for number, line in enumerate(comment) if _LEGAL.search(line)]
    return legal[0] - _rest(comment[: legal[0]][::-1]), legal[-1] + 1 + _rest(comment[legal[-1] + 1 :])


def _rest(lines: list[str]) -> int:
    """Return how many of `lines` end a paragraph: those with letters, and a bare comment mark behind them."""
    number = next((number for number, line in enumerate(lines) if not any(map(str.isalnum, line))), len(lines))
    return number + (number < len(lines) and lines[number] != "")


PERMISSIVE = (
    "0BSD", "AFL-3.0", "Apache-2.0", "Artistic-2.0", "BlueOak-1.0.0", "BSD-2-Clause", "BSD-2-Clause-Patent",
    "BSD-3-Clause", "BSD-3-Clause-Clear", "BSL-1.0", "CC0-1.0", "ECL-2.0", "HPND", "ISC", "MIT", "MIT-0", "MS-PL",
    "NCSA", "PostgreSQL", "PSF-2.0", "Python-2.0", "Unicode-3.0", "Unicode-DFS-2016", "Unlicense", "UPL-1.0",
    "W3C", "WTFPL", "X11", "Zlib", "ZPL-2.1",
)  # fmt: skip
_UNSAID = frozenset({"", "none", "noassertion", "unknown", "null", "no-license", "no license"})
_MAX_DEPTH = 20  # brackets: corpora hold anything, and reading them is recursive
_TERM = re.compile(r"[()]|[^\s()/]+|/")


class Licenses(Block, frozen=True):
    """A licence among `allow` (SPDX identifiers, any case; default: permissive ones).

    The corpus says what a document's licence is: an identifier, an SPDX expression (`A OR B`: one must be allowed,
    `A AND B`: both), or a list with commas, of which all must be allowed; an exception (`WITH …`) and "or later"
    (`+`) never make a licence worse. `unknown` is what becomes of documents whose licence the corpus does not say.
    """

    allow: tuple[str, ...] = PERMISSIVE
    unknown: Literal["keep", "drop"] = "keep"

    def reason(self, snippet: Snippet) -> str | None:
        """Return `license` or `unknown_license`, or None."""
        said = snippet.origin.license or ""
        parts = [part for part in map(str.strip, said.lower().split(",")) if part not in _UNSAID]
        if not parts:
            return "unknown_license" if self.unknown == "drop" else None
        allowed = _lowered(self.allow)
        return None if all(_is_allowed(part, allowed) for part in parts) else "license"


@functools.cache
def _lowered(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


@functools.lru_cache(maxsize=4096)
def _is_allowed(expression: str, allowed: frozenset[str]) -> bool:
    """Whether `expression`, in lower case, fulfils `allowed`; what does not parse must be allowed as it stands."""
    terms = _TERM.findall(expression)
    if terms.count("(") > _MAX_DEPTH:
        return False
    try:
        return (_any(terms, allowed) and not terms) or expression in allowed
    except IndexError:
        return expression in allowed


def _any(terms: list[str], allowed: frozenset[str]) -> bool:
    """Take `A AND B OR C …` off the front of `terms`; AND binds tighter, the slash is Cargo's old OR."""
    fulfilled = _all(terms, allowed)
    while terms and terms[0] in {"or", "/"}:
        del terms[0]
        fulfilled = _all(terms, allowed) or fulfilled
    return fulfilled


def _all(terms: list[str], allowed: frozenset[str]) -> bool:
    fulfilled = _one(terms, allowed)
    while terms and terms[0] == "and":
        del terms[0]
        fulfilled = _one(terms, allowed) and fulfilled
    return fulfilled


def _one(terms: list[str], allowed: frozenset[str]) -> bool:
    """Raise IndexError if `terms` end too early."""
    term = terms.pop(0)
    if term == "(":
        fulfilled = _any(terms, allowed)
        return terms.pop(0) == ")" and fulfilled
    if terms[:1] == ["with"]:
        exception = f"{term} with {terms[1]}"
        del terms[:2]
        if exception in allowed:
            return True
    return term.removesuffix("+") in allowed
