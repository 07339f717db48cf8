"""What in a snippet is written for people: docstrings, and comments that span lines."""

import re

from magicoder_gen.sample.protocols import Snippet

# Tokens that may hold the marks of others. Each takes what it began and gives nothing back, so the time is linear.
_TRIPLE = r'"""(?:[^"\\]++|\\.|"(?!""))*+(?:"""|\Z)?' + r"|'''(?:[^'\\]++|\\.|'(?!''))*+(?:'''|\Z)?"
_DOUBLE = r'"(?:[^"\\\n]++|\\.)*+"?'
_SINGLE = r"'(?:[^'\\\n]++|\\.)*+'"  # alone it is an apostrophe, or Rust's lifetime
_BLOCK = r"(?P<prose>/\*.*?(?:\*/|\Z))"
_PYTHON = re.compile(rf"(?P<prose>{_TRIPLE})|#[^\n]*|{_DOUBLE}|{_SINGLE}", re.DOTALL)
_SLASHES = re.compile(rf"{_BLOCK}|//[^\n]*|{_DOUBLE}|{_SINGLE}", re.DOTALL)
_BACKQUOTED = re.compile(rf"{_BLOCK}|//[^\n]*|{_DOUBLE}|{_SINGLE}|`(?:[^`\\]++|\\.)*+`?", re.DOTALL)
_DASHES = re.compile(rf"{_BLOCK}|--[^\n]*|{_DOUBLE}|{_SINGLE}", re.DOTALL)
_TOKENS = {
    "python": _PYTHON,
    **dict.fromkeys(("cpp", "java", "csharp", "rust", "php", "swift", "c", "kotlin", "scala"), _SLASHES),
    **dict.fromkeys(("typescript", "javascript", "go"), _BACKQUOTED),
    "sql": _DASHES,
}
_QUOTES = re.compile("\"\"\"|'''")
_OPEN = ("(", "[", "{", "=", ",", "+", "%", "\\")  # a string behind these is a value
_LOOKED_BACK = 1000  # characters


def without(snippet: Snippet) -> str:
    """Return the snippet's text without its docstrings and block comments, also those that began above it.

    A docstring is a string in three quotes that begins its statement. Strings and comments are told as the language's
    tokens are; of what is embedded (templates, heredocs, HTML) nothing is known, nor of languages that are not listed.
    """
    tokens = _TOKENS.get(snippet.language)
    if tokens is None:
        return snippet.text
    source = snippet.source
    at = len(source) - len(source.split("\n", snippet.first_line - 1)[-1])
    end = at + len(snippet.text)
    if not _may_touch(source, at, end, snippet.language):
        return snippet.text
    kept = []
    for found in tokens.finditer(source, 0, end):
        if found.end() > at and found["prose"] and _is_prose(source, found.start(), snippet.language):
            kept.append(source[at : found.start()])
            at = found.end()
    return "".join([*kept, source[at:end]])


def _may_touch(source: str, at: int, end: int, language: str) -> bool:
    """Whether there may be prose from `at` to `end`: a mark of it is there, or the next one ends something."""
    if language == "python":
        ahead = _QUOTES.search(source, at)
        if ahead is None or ahead.start() < end:
            return ahead is not None
        return not source[max(at, ahead.start() - _LOOKED_BACK) : ahead.start()].rstrip(" \nrRuUbBfF").endswith(":")
    ends = source.find("*/", at)
    begins = source.find("/*", at, None if ends < 0 else ends)
    return ends >= 0 if begins < 0 else begins < end


def _is_prose(source: str, start: int, language: str) -> bool:
    """Whether the token at `start` is a comment, or a string that is a statement of its own."""
    if language != "python":
        return True
    before = source[max(0, start - _LOOKED_BACK) : start].rstrip("rRuUbBfF")
    line = before.rpartition("\n")[2]
    return not line.strip() and not before.rstrip().endswith(_OPEN)
