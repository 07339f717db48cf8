"""What those who use vectors and those who make them know of each other."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from magicoder_gen.records import Record

LONGEST = 4000
"""Characters of a text that count, from its beginning: what is asked for stands there, and models read no book."""


class Vectors(Record, frozen=True, eq=False):
    """Vectors of consecutive texts: `rows` (float32, texts x dimensions), each of length 1.

    `tokens` were billed for them, about; `cost` is in USD, None if the price is unknown.
    """

    rows: Any
    tokens: int
    cost: float | None


class Embeddings(Protocol):
    """A model that turns texts into vectors; `max_cost` (USD) is what it may cost, None if that is not limited."""

    @property
    def max_cost(self) -> float | None:
        """The most that all its vectors may cost, in USD."""
        ...

    def title(self) -> str:
        """Return the model's name, for people."""
        ...

    def identity(self) -> dict[str, Any]:
        """Return what decides the vectors, as JSON: two models of one identity give the same."""
        ...

    def check(self) -> None:
        """Raise what can be known to be missing before anything is done."""
        ...

    def at_most(self, texts: Sequence[str]) -> float | None:
        """Return what vectors of these texts can cost at most, in USD; None if the price is unknown."""
        ...

    def vectors(self, texts: Sequence[str]) -> Iterator[Vectors]:
        """Yield the vectors of `texts` in their order, in portions, as they come.

        Of a text over LONGEST characters, or longer than the model reads, the beginning counts. An empty one has a
        vector too.
        """
        ...


def shown(text: str) -> str:
    """Return what of a text is given to a model: never nothing, which servers refuse."""
    return text[:LONGEST].strip() or "."
