"""The problem of a row or of an answer, by which its vector and what a judge said of it are found."""

from collections.abc import Iterator

from magicoder_gen.clean.markers import Markers
from magicoder_gen.clean.parse import parse
from magicoder_gen.fingerprint import digest
from magicoder_gen.purge.scope import Row
from magicoder_gen.records import Rejection, Reply, Sample


def of_row(row: Row | Sample | Rejection, markers: Markers) -> str | None:
    """Return the problem of a row; of a rejected one as its text has it, None where its id does not prove that."""
    if isinstance(row, Sample):
        return row.problem
    if not isinstance(row, Rejection) or row.id is None or row.text is None:
        return None
    return next((pair[0] for pair in _pairs(row, markers) if _is_of(row, *pair)), None)


def of_reply(reply: Reply, markers: Markers) -> str | None:
    """Return the problem that an answer poses, None if it poses none."""
    sections = parse(reply, markers)
    return None if isinstance(sections, str) else sections.problem


def _is_of(rejection: Rejection, problem: str, solution: str) -> bool:
    return digest([rejection.prompt_id, problem, solution]) == rejection.id


def _pairs(rejection: Rejection, markers: Markers) -> Iterator[tuple[str, str]]:
    """Yield what may have been problem and solution: as a reply is parsed, or as rows made elsewhere are joined."""
    text = rejection.text or ""
    reply = Reply(rejection.prompt_id, rejection.seed, text, None, "stop", None, None, "", None, 1, 0.0)
    sections = parse(reply, markers)
    if not isinstance(sections, str):
        yield sections.problem, sections.solution
    place = text.find("\n\n")
    while place >= 0:
        yield text[:place], text[place + 2 :]
        place = text.find("\n\n", place + 1)
