"""What a row looks like: each format is a block with the struct that all its rows share.

A field that is unknown is null, never absent, so that every row has the same columns.
"""

from typing import Any, ClassVar

from magicoder_gen.records import Block, Message, Record, Sample


class Pair(Record, frozen=True):
    """A row of `problem_solution`. `seed` is the snippet that inspired the problem."""

    id: str
    problem: str
    solution: str
    language: str
    seed: str
    repo: str | None
    path: str | None
    first_line: int
    last_line: int
    license: str | None
    revision: str | None
    model: str


class Conversation(Record, frozen=True):
    """A row of `messages`: the problem asked by a user, the solution answered by an assistant."""

    messages: tuple[Message, Message]
    id: str
    language: str
    repo: str | None
    path: str | None
    first_line: int
    last_line: int
    license: str | None
    revision: str | None
    model: str


class ProblemSolution(Block, frozen=True):
    """Problem and solution as columns, with the seed and where it comes from."""

    folder: ClassVar[str] = "problem_solution"
    columns: ClassVar[dict[str, str]] = {
        "id": "digest of prompt, problem and solution",
        "problem": "the task, as the teacher wrote it",
        "solution": "its answer, code blocks included",
        "seed": "the code snippet that inspired the task",
    }

    def row(self, sample: Sample) -> Pair:
        """Return the row of `sample`."""
        return Pair(
            id=sample.id,
            problem=sample.problem,
            solution=sample.solution,
            seed=sample.seed.text,
            **_origin(sample),
        )

    def features(self) -> list[dict[str, Any]]:
        """Return the columns and their types as a data set card declares them."""
        return [_column(name) for name in Pair.__struct_fields__]


class Messages(Block, frozen=True):
    """Chat turns, as trainers take them (TRL, Axolotl, LLaMA-Factory with OpenAI tags)."""

    folder: ClassVar[str] = "messages"
    columns: ClassVar[dict[str, str]] = {
        "messages": "two turns with `role` and `content`: the problem, then the solution",
        "id": "digest of prompt, problem and solution",
    }

    def row(self, sample: Sample) -> Conversation:
        """Return the row of `sample`."""
        return Conversation(
            messages=(Message("user", sample.problem), Message("assistant", sample.solution)),
            id=sample.id,
            **_origin(sample),
        )

    def features(self) -> list[dict[str, Any]]:
        """Return the columns and their types as a data set card declares them."""
        turns = {"name": "messages", "list": [_column("role"), _column("content")]}
        return [turns, *(_column(name) for name in Conversation.__struct_fields__[1:])]


Format = ProblemSolution | Messages
FORMATS: tuple[type[ProblemSolution] | type[Messages], ...] = (ProblemSolution, Messages)
ORIGIN_COLUMNS = {
    "language": "of the seed; the solution may be in another",
    "repo": "repository the seed was taken from",
    "path": "its file there",
    "first_line": "of the snippet in that file, from 1",
    "last_line": "the same, inclusive",
    "license": "as the corpus states it",
    "revision": "of the repository",
    "model": "the teacher",
}


def _origin(sample: Sample) -> dict[str, Any]:
    origin = sample.seed.origin
    return {
        "language": sample.seed.language,
        "repo": origin.repo,
        "path": origin.path,
        "first_line": sample.seed.first_line,
        "last_line": sample.seed.last_line,
        "license": origin.license,
        "revision": origin.revision,
        "model": sample.model,
    }


def _column(name: str) -> dict[str, Any]:
    return {"name": name, "dtype": "int64" if name.endswith("_line") else "string"}
