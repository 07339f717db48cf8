"""Reply text to problem and solution, or a reason: the one place that knows what markers look like.

A marker is the words "Problem Description" (or "Problem Statement", "Problem") or "Solution" at the start
of a line, alone on it, in brackets, or before a colon; "Problem Description" may also be followed by text
where it is a heading or emphasised. Case, heading marks, emphasis and a number do not matter. In the
middle of a line, and inside a code block that is closed, the same words are ordinary text.
"""

import re
from collections.abc import Iterator
from typing import Literal

from magicoder_gen.records import Record, Reply

_MARKER = re.compile(
    r"""
    [ ]{0,3}                                  # four and more are an indented code block
    (?:(?P<heading>\#{1,6})[ \t]*)?
    (?:(?:\d{1,3}|[ivx]{1,4})[.)][ \t]*)?
    (?:(?P<outer>\*{1,3}|_{1,3})[ \t]*)?
    (?:(?:\d{1,3}|[ivx]{1,4})[.)][ \t]*)?
    (?:(?P<bracket>\[)[ \t]*)?
    (?:(?P<inner>\*{1,3}|_{1,3})[ \t]*)?
    (?:problem(?P<described>[ \t_-]+(?:description|statement))?|(?P<solution>solution))
    (?:[ \t]+\#?\d{1,3})?
    (?P<colon>[ \t]*[:\uff1a])?
    (?(inner)[ \t]*(?P=inner))
    (?(bracket)[ \t]*\])
    (?(colon)|(?P<colon_after_bracket>[ \t]*[:\uff1a])?)
    (?(outer)[ \t]*(?P=outer))
    (?(colon)|(?(colon_after_bracket)|(?P<colon_at_end>[ \t]*[:\uff1a])?))
    (?(heading)(?:[ \t]+\#{1,6}(?=[ \t\r]*$))?)
    (?P<rest>.*)
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII | re.DOTALL,
)
_WORDS = re.compile("problem|solution", re.IGNORECASE | re.ASCII)
_FURTHEST = 80  # characters of decoration and marker; spares most lines the long pattern
_FENCE = re.compile(r"[ \t]*(?P<marks>`{3,}|~{3,})(?P<info>.*)", re.DOTALL)
_WRAPPER = re.compile(r"\s*(?:`{3,}|~{3,})[ \t]*(?:markdown|md|text|plaintext)?[ \t\r]*\n", re.IGNORECASE)
_THOUGHT = re.compile(r"^[ \t]*<think>", re.MULTILINE)
_END_OF_THOUGHT = re.compile(r"^[ \t]*</think>[ \t\r]*$", re.MULTILINE)
_CODE = re.compile(
    r"""[`{}\[\]=;|\\$^&~@%<>]                # operators and quotes that prose does without
    | \w\( | \w\.\w | \w_\w | \w:: | -> | /\*
    | ^(?:[ ]{4}|\t)[ \t]*\S                  # an indented block
    | ^[ \t]*(?:[#]!|//|--|(?:import|from|def|class|return|print|echo|puts|cd|select)\b)
    """,
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
_FINISHES = {
    "length": "truncated",
    "content_filter": "filtered",
    "tool_calls": "tool_call",
    "function_call": "tool_call",
}


class Sections(Record, frozen=True):
    """What a reply holds. `second_pair`: further markers were there; what follows the first solution is cut."""

    problem: str
    solution: str
    second_pair: bool = False


class _Marker(Record, frozen=True):
    """Where a section begins: line number, its words, and the text that follows them on the line.

    `explicit` orders markers by how sure it is that one is meant: brackets count most, then both words.
    """

    line: int
    kind: Literal["problem", "solution"]
    bracketed: bool
    explicit: int
    rest: str


def parse(reply: Reply) -> Sections | str:
    """Return the sections of a reply, or why it has none: empty, truncated, missing_solution and others.

    The first problem and the first solution after it count. Both keep every character but the blank
    lines around them; text before the first marker (a greeting) belongs to neither.
    """
    if reply.finish_reason in _FINISHES:
        return _FINISHES[reply.finish_reason]
    text = _without_thoughts(reply.text or "")
    if text is None:
        return "unclosed_think"
    if not text.strip():
        return "empty"
    lines = _unwrapped(text).split("\n")
    sections = _sections(lines)
    return sections if isinstance(sections, str) else _checked(sections)


def _without_thoughts(text: str) -> str | None:
    """Return `text` without <think> blocks that begin a line; None if one has no end.

    Where the prompt's template opens the block, only its end is in the text.
    """
    end = _END_OF_THOUGHT.search(text)
    if end and "<think>" not in text[: end.start()]:
        text = text[end.end() :]
    kept, position = [], 0
    while begin := _THOUGHT.search(text, position):
        end_of_thought = text.find("</think>", begin.end())
        if end_of_thought < 0:
            return None
        kept.append(text[position : begin.start()])
        position = end_of_thought + len("</think>")
    return "".join([*kept, text[position:]])


def _checked(sections: Sections) -> Sections | str:
    if not sections.problem.strip():
        return "empty_problem"
    if not sections.solution.strip():
        return "empty_solution"
    return sections if _CODE.search(sections.solution) else "no_code"


def _sections(lines: list[str]) -> Sections | str:
    """Try the surest reading first, so that a weaker marker never splits a section that a surer one frames."""
    fenced = _fenced(lines)
    everywhere = list(_markers(lines))
    outside = [marker for marker in everywhere if marker.line not in fenced]
    bracketed = [marker for marker in outside if marker.bracketed]
    unclosed = [marker for marker in everywhere if marker.bracketed]
    for markers in (bracketed, outside, unclosed):
        pair = _first_pair(markers)
        if pair:
            return _cut(lines, markers, pair)
    return _what_is_missing({marker.kind for marker in outside + unclosed})


def _what_is_missing(found: set[str]) -> str:
    if len(found) == 2:  # noqa: PLR2004  # both kinds, and yet no pair
        return "order"
    if not found:
        return "missing_both"
    return "missing_problem" if "solution" in found else "missing_solution"


def _first_pair(markers: list[_Marker]) -> tuple[_Marker, _Marker] | None:
    problem = next((marker for marker in markers if marker.kind == "problem"), None)
    if problem is None:
        return None
    solutions = (marker for marker in markers if marker.kind == "solution" and marker.line > problem.line)
    solution = next(solutions, None)
    return (problem, solution) if solution else None


def _cut(lines: list[str], markers: list[_Marker], pair: tuple[_Marker, _Marker]) -> Sections:
    problem, solution = pair
    further = [marker for marker in markers if marker.line > problem.line and _repeats(marker, pair)]
    end = next((marker.line for marker in further if marker.line > solution.line), len(lines))
    return Sections(
        _stripped([problem.rest, *lines[problem.line + 1 : solution.line]]),
        _stripped([solution.rest, *lines[solution.line + 1 : end]]),
        second_pair=bool(further),
    )


def _repeats(marker: _Marker, pair: tuple[_Marker, _Marker]) -> bool:
    """Whether `marker` begins another pair; a bare "Problem:" inside an explanation does not."""
    problem, solution = pair
    if marker.kind == "problem":
        return marker.explicit >= problem.explicit
    return marker.bracketed and marker.line > solution.line


def _stripped(lines: list[str]) -> str:
    filled = [number for number, line in enumerate(lines) if line.strip()]
    return "\n".join(lines[filled[0] : filled[-1] + 1]) if filled else ""


def _markers(lines: list[str]) -> Iterator[_Marker]:
    for number, line in enumerate(lines):
        match = _MARKER.match(line) if _WORDS.search(line, 0, _FURTHEST) else None
        if match and _is_marker(match):
            yield _marker(number, match)


def _marker(number: int, match: re.Match[str]) -> _Marker:
    bracketed = bool(match["bracket"])
    return _Marker(
        number,
        "solution" if match["solution"] else "problem",
        bracketed,
        2 * bracketed + bool(match["described"]),
        match["rest"].lstrip(" \t"),
    )


def _is_marker(match: re.Match[str]) -> bool:
    rest = match["rest"]
    if match["bracket"]:
        return not rest.startswith(("(", "["))  # else a Markdown link
    if not rest.strip() or match["colon"] or match["colon_after_bracket"] or match["colon_at_end"]:
        return True
    decorated = match["heading"] or match["outer"] or match["inner"]
    return bool(match["described"] and decorated and rest[0] in " \t")


def _fenced(lines: list[str]) -> set[int]:
    """Return the numbers of lines in closed code blocks.

    A block whose end is missing, because the text ends or because another block with a language
    begins, is no block: a teacher forgets ends more often than it nests blocks of equal marks.
    """
    inside: set[int] = set()
    begin, marks = 0, ""
    for number, line in enumerate(lines):
        match = _FENCE.match(line)
        if not match or (match["marks"][0] == "`" and "`" in match["info"]):
            continue
        bare = not match["info"].strip()
        if marks and not match["marks"].startswith(marks):
            continue
        if marks and bare:
            inside.update(range(begin, number + 1))
            marks = ""
        else:
            begin, marks = number, match["marks"]
    return inside


def _unwrapped(text: str) -> str:
    """Return `text` without a code block around all of it; inner blocks then pair up."""
    opening = _WRAPPER.match(text)
    lines = text.rstrip().split("\n")
    fences = [line for line in lines if _FENCE.match(line)]
    if not opening or len(fences) % 2 or lines[-1].strip().strip("`~"):
        return text
    first = text[opening.end() :].split("\n", 1)[0]
    marker = _MARKER.match(first)
    if not marker or not _is_marker(marker):
        return text
    return "\n".join(text[opening.end() :].rstrip().split("\n")[:-1])
