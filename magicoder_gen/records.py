"""The types that flow between stages, the base of configurable blocks, and the protocols that stages share.

    Seed -> Prompt -> Reply | Failure -> Sample | Rejection

A record is one JSON line, complete in itself. *Seed* is a snippet of code, *rng_seed* the number.
"""

import re
from collections.abc import Callable, Generator, Iterable
from typing import Annotated, Any, Literal, Protocol, TypeVar

import msgspec

Task = TypeVar("Task")
Result = TypeVar("Result")
Positive = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
Weight = Annotated[float, msgspec.Meta(gt=0)]  # of a corpus, relative to others
UNKNOWN = "unknown"  # the language or the model of a row made elsewhere that does not say it


class Record(msgspec.Struct, frozen=True):
    """A line of a file."""


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mapping of the configuration file; unknown keys are errors."""


class Block(
    Options,
    frozen=True,
    tag_field="type",
    tag=lambda name: re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(),
):
    """Options that YAML chooses by `type: class_name` and that do the work themselves."""


class Origin(Record, frozen=True, gc=False):
    """Where a document comes from; None where the corpus does not say."""

    corpus: str
    repo: str | None = None
    path: str | None = None
    revision: str | None = None
    license: str | None = None
    swhid: str | None = None


class Seed(Record, frozen=True, gc=False):
    """A snippet: lines `first_line` to `last_line` (from 1, inclusive) of a document.

    `index` counts from 0 in draw order.
    """

    id: str
    text: str
    language: str
    first_line: int
    last_line: int
    origin: Origin
    index: int


class Message(Record, frozen=True):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class Sampling(Record, frozen=True, omit_defaults=True):
    """What the teacher is asked to sample with; a field that is None is not sent.

    `extra` holds further fields of the request, as the server names them. `grammar` (GBNF) and the `dry_…` fields,
    which make long repetitions ever less likely, are llama.cpp's.
    """

    model: str
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    grammar: str | None = None
    dry_multiplier: float | None = None
    dry_allowed_length: int | None = None
    dry_penalty_last_n: int | None = None
    extra: dict[str, Any] = {}


class Prompt(Record, frozen=True):
    """A request; `id` digests everything that can change the answer, and nothing else.

    `number` counts the answers wanted of one seed, from 0. `redo_of` is the prompt whose answer was cut off, where
    this one asks the same with more tokens.
    """

    id: str
    seed: Seed
    step: str
    messages: tuple[Message, ...]
    sampling: Sampling
    number: int = 0
    redo_of: str | None = None


class Usage(Record, frozen=True):
    """Tokens billed for one answer; `estimated` where we counted them because the teacher did not say."""

    input_tokens: int
    output_tokens: int
    estimated: bool = False


class Intent(Record, frozen=True, tag_field="record", tag="intent"):
    """A request that is about to be sent; without an outcome behind it, it may have been paid.

    `cost` is the most that it can cost in USD, None if prices are unknown.
    """

    prompt_id: str
    cost: float | None = None


class Reply(Record, frozen=True, tag_field="record", tag="reply"):
    """An answer as it came, before anything parses it. `cost` is in USD, None if prices are unknown.

    `at` is when it was journaled, in whole seconds since 1970, None in journals of earlier versions; nothing depends
    on it.
    """

    prompt_id: str
    seed: Seed
    text: str | None
    reasoning: str | None
    finish_reason: str | None
    usage: Usage | None
    cost: float | None
    model: str
    system_fingerprint: str | None
    attempts: int
    seconds: float
    number: int = 0
    redo_of: str | None = None
    at: float | None = None


class Failure(Record, frozen=True, tag_field="record", tag="failure"):
    """A prompt without an answer; `final` means that asking again would fail again.

    `uncertain` means that the last request for it may have been paid. `at` is as in Reply.
    """

    prompt_id: str
    seed: Seed
    kind: str
    message: str
    final: bool
    uncertain: bool = False
    number: int = 0
    redo_of: str | None = None
    at: float | None = None


class Sample(Record, frozen=True, omit_defaults=True):
    """A problem with its solution; `system_fingerprint` is the teacher's, None where it has none."""

    id: str
    prompt_id: str
    seed: Seed
    problem: str
    solution: str
    model: str
    labels: dict[str, str | float | bool | None]
    system_fingerprint: str | None = None


class Rejection(Record, frozen=True):
    """An answer that did not become a sample: which check, why, and what shows it.

    `id` is that of the sample that it would have been, None if it was not even that.
    """

    prompt_id: str
    seed: Seed
    text: str | None
    check: str
    reason: str
    evidence: dict[str, str | int | float | None]
    id: str | None = None


class Traffic(Record, frozen=True):
    """What went to the teacher and came back, over all resumes of a run. Costs are in USD, None where unknown.

    `failed` counts prompts without an answer, by kind. `uncertain` requests have no outcome, or one that leaves open
    whether they were paid: for at most `uncertain_cost`, which is not part of `cost`.
    """

    requests: int
    replies: int
    failed: dict[str, int]
    uncertain: int
    uncertain_cost: float | None
    input_tokens: int
    output_tokens: int
    cost: float | None


class Counts(Record, frozen=True, rename={"taken": "in", "kept": "out"}):
    """What went into a stage and what came out: taken = kept + the sum of reasons."""

    taken: int
    kept: int
    reasons: dict[str, int]


class Executor(Protocol):
    """Who runs a pure function over many tasks."""

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Generator[Result, None, None]:
        """Yield function(task) for each task, in order; takes tasks lazily, a few ahead; close it when done early."""
        ...


class Progress(Protocol):
    """Who wants to know how far a stage is."""

    def update(
        self, done: int, total: int | None = None, *, in_flight: int = 0, traffic: Traffic | None = None
    ) -> None:
        """Take note; cheap enough to be called for every record."""
        ...
