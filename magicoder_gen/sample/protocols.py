"""What flows within the stage before there are seeds, and the protocols that its blocks fulfil.

    Corpus -> Fragment -> Document | Skipped -> Snippet -> Seed

A seed is a record of `records.py`, since the stages after this one read it.
"""

import random  # noqa: TID251  # the type of what fingerprint.rng returns
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from magicoder_gen.records import Origin, Record


class Document(Record, frozen=True, gc=False):
    """A source file as the corpus holds it: its bytes, meant to be UTF-8 but not yet decoded.

    Most documents are only hashed, never drawn from; `locate` is called for those that are.
    """

    content: bytes
    language: str
    locate: Callable[[], Origin]


class Skipped(Record, frozen=True):
    """`count` documents that cannot be used; `reason` is one word of the stage's table.

    `detail` is what the log says of it, where that is worth a line: the damaged file and its damage.
    """

    reason: str
    origin: Origin
    count: int = 1
    detail: str | None = None


class Snippet(Record, frozen=True):
    """Lines `first_line` to `last_line` (from 1, inclusive) of `source`, a document's normal form."""

    text: str
    first_line: int
    last_line: int
    language: str
    source: str
    origin: Origin


class Fragment(Protocol):
    """A part of a corpus that any process can read on its own; it is pickled."""

    @property
    def id(self) -> str:
        """What names this part on every machine: a relative path, a range of row groups."""
        ...

    @property
    def bytes(self) -> int:
        """How many bytes reading takes from disk or network."""
        ...

    @property
    def documents(self) -> int | None:
        """How many documents it holds, None if only reading can tell."""
        ...

    @property
    def languages(self) -> dict[str, int] | None:
        """How many documents of each language, None if only reading can tell."""
        ...

    def read(self) -> Iterator[Document | Skipped]:
        """Yield every document once, in the corpus's own order, lazily.

        What cannot be read is a Skipped with the number of documents lost; of a damaged file, one has the detail.
        Raises CorpusUnreachable where trying later may help.
        """
        ...


class Corpus(Protocol):
    """Where documents come from."""

    @property
    def weight(self) -> float | None:
        """The share of the seeds that it gives, relative to the other corpora; None = as many as it happens to."""
        ...

    def fragments(self) -> list[Any]:
        """Return its parts in the corpus's own order, without reading their contents; each is a Fragment."""
        ...

    def identity(self) -> Any:
        """Return what changes when the content does, cheaply; raise ConfigError if there is no such corpus."""
        ...

    def title(self) -> str:
        """Return what messages call it."""
        ...


class Strategy(Protocol):
    """Which lines of a document become a snippet."""

    def window(self, source: str, language: str, rng: random.Random) -> tuple[int, int] | str:
        """Return the window's first line (from 0) and the line behind its last, or why there is none.

        Lines end at line feeds only; none begins behind a final one.
        """
        ...


class Quality(Protocol):
    """What makes a snippet unfit, before money is spent on it."""

    def reason(self, snippet: Snippet) -> str | None:
        """Return one word that says why, or None if the snippet is fit; it depends on nothing but the snippet."""
        ...
