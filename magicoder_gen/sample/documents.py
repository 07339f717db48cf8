"""Which documents become seeds: one block per choice."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, ClassVar, Literal, TypeVar

import msgspec

from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Block, Positive
from magicoder_gen.sample.pools import Candidate
from magicoder_gen.sample.protocols import Fragment

PerRepo = Positive | None
AnyFragment = TypeVar("AnyFragment", bound=Fragment)


class Uniform(Block, frozen=True):
    """Every document with the same probability: those with the smallest hash of rng_seed and text, in that order.

    One pass over the whole corpus; independent of its order, its layout and the number of workers, and a larger
    `num` extends a smaller one. At most `max_per_repo` seeds come from one repository (null = any number).
    """

    max_per_repo: PerRepo = None

    order: ClassVar[Literal["hash", "position"]] = "hash"

    def of(self, fragments: Sequence[AnyFragment], rng_seed: int) -> Sequence[AnyFragment]:  # noqa: ARG002  # all of them
        """Return the fragments to read."""
        return fragments

    def capacity(self, wanted: int) -> int:
        """Return how many candidates must be kept for so many seeds."""
        return wanted

    def ordered(self, candidates: list[Candidate]) -> Iterable[Candidate]:
        """Return the candidates in the order in which they become seeds."""
        return candidates


class Prefix(Uniform, frozen=True, tag="prefix"):
    """The first documents of the corpus that give a snippet, in its own order; reads no further than it must.

    What comes first in a corpus is seldom like the rest: this is for trying things out, and what the paper did.
    At most `max_per_repo` seeds come from one repository (null = any number).
    """

    order: ClassVar[Literal["hash", "position"]] = "position"


class TwoStage(Uniform, frozen=True, tag="two_stage"):
    """Random parts of the corpus, then random documents in them: for a corpus too large to be read.

    Parts are row groups of parquet files, whole files of other tables, groups of neighbouring source files. Of each
    corpus a `share` of the parts is read, rounded, at least one: those that come first by a hash of rng_seed and
    their names. So every part has the same probability, whatever its size, and `share` of the bytes is read on
    average, nearly that where parts are many or alike in size. Documents within a part may resemble each other, so
    `max_per_repo` (null = any number) is worth setting. Every document has the same probability where parts hold
    equally many. A larger `num` extends a smaller one.
    """

    share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.1

    def of(self, fragments: Sequence[AnyFragment], rng_seed: int) -> Sequence[AnyFragment]:
        """Return `share` of the parts, at least one, in the corpus's order.

        To stop at a number of bytes instead would favour small parts or large ones.
        """
        drawn = sorted(fragments, key=lambda fragment: digest([rng_seed, fragment.id]))
        chosen = {fragment.id for fragment in drawn[: max(1, round(self.share * len(drawn)))]}
        return [fragment for fragment in fragments if fragment.id in chosen]


class Diverse(Uniform, frozen=True, tag="diverse"):
    """Those that differ most from each other, out of a uniform sample of `pool` snippets (per language, with quotas).

    The k-center method: the first, then always the one whose nearest chosen one is farthest, by MinHash sketches
    of their tokens. 10 000 out of 20 000 take some seconds, and four times that for twice as many of both. That
    diverse seeds make better data is shown for other methods (WaveCoder, EpiCoder), not for OSS-INSTRUCT. At most
    `max_per_repo` seeds come from one repository (null = any number).
    """

    pool: Positive = 20_000

    def capacity(self, wanted: int) -> int:  # noqa: ARG002  # a fixed pool: more seeds extend fewer
        """Return the size of the pool."""
        return self.pool

    def ordered(self, candidates: list[Candidate]) -> Iterator[Candidate]:
        """Yield the candidates, each time the one that is farthest from all before."""
        from magicoder_gen import sketches

        texts = [candidate.draw.text for candidate in candidates]
        for position in sketches.farthest_first(sketches.sketches(texts)):
            yield candidates[position]


AnyDocuments = Uniform | Prefix | TwoStage | Diverse
