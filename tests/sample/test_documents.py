"""Which documents: the blocks' own promises; how they work together is the stage's test."""

from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest

from magicoder_gen.records import Origin, Record
from magicoder_gen.sample.documents import Diverse, Prefix, TwoStage, Uniform
from magicoder_gen.sample.pools import Candidate, Draw
from magicoder_gen.sample.protocols import Document, Skipped


class Part(Record, frozen=True):
    """A fragment that is never read."""

    id: str
    bytes: int
    documents: int | None = None
    languages: dict[str, int] | None = None

    def read(self) -> Iterator[Document | Skipped]:
        """Fail."""
        raise AssertionError


PARTS = [Part(f"f{number}.parquet:0", 90 + number % 20) for number in range(400)]


@pytest.mark.parametrize("share", [0.001, 0.05, 0.2, 1.0])
def test_two_stage_takes_its_share_of_the_parts(share: float) -> None:
    """And so about that of the bytes, but at least one part; in the order of the corpus."""
    chosen = TwoStage(share=share).of(PARTS, 976)
    assert len(chosen) == max(1, round(share * len(PARTS)))
    read = sum(part.bytes for part in chosen) / sum(part.bytes for part in PARTS)
    assert read == pytest.approx(share, abs=0.003)
    assert chosen == [part for part in PARTS if part in chosen]


def test_two_stage_prefers_neither_large_nor_small_parts() -> None:
    """Over 2000 numbers each of ten small and two large parts is read a third of the times, and so of the bytes."""
    parts = [Part(f"{number}", 110 if number < 2 else 11) for number in range(12)]
    times: Counter[str] = Counter()
    for rng_seed in range(2000):
        times.update(part.id for part in TwoStage(share=0.3).of(parts, rng_seed))
    assert all(600 < times[part.id] < 735 for part in parts)
    read = sum(times[part.id] * part.bytes for part in parts) / 2000 / sum(part.bytes for part in parts)
    assert read == pytest.approx(1 / 3, abs=0.02)


def test_two_stage_of_nothing_is_nothing() -> None:
    """An empty corpus has no part."""
    assert TwoStage().of([], 1) == []


def test_two_stage_chooses_by_name_and_number() -> None:
    """The order in which parts are listed does not matter; rng_seed does; a larger share extends a smaller one."""
    chosen = set(TwoStage(share=0.1).of(PARTS, 1))
    assert set(TwoStage(share=0.1).of(PARTS[::-1], 1)) == chosen
    assert set(TwoStage(share=0.1).of(PARTS, 2)) != chosen
    assert set(TwoStage(share=0.2).of(PARTS, 1)) > chosen


def test_every_part_is_chosen_about_equally_often() -> None:
    """Over 600 numbers, each of 400 parts about 60 times out of 600."""
    times = {part.id: 0 for part in PARTS}
    for rng_seed in range(600):
        for part in TwoStage(share=0.1).of(PARTS, rng_seed):
            times[part.id] += 1
    assert min(times.values()) > 25
    assert max(times.values()) < 95


def test_diverse_takes_the_farthest_next_and_a_larger_number_extends_a_smaller_one() -> None:
    """Copies of one text with another word come last, all the same in which pool size they are asked."""
    alike = [a_candidate(number) for number in range(5)]
    texts = ["def alpha(beta):\n    return gamma(beta) + delta\n"] * 4 + ["SELECT name FROM users WHERE id = 3;\n"]
    candidates = [_with_text(candidate, text) for candidate, text in zip(alike, texts, strict=True)]
    ordered = list(Diverse().ordered(candidates))
    assert [candidate.key for candidate in ordered[:2]] == [0, 4]
    assert sorted(candidate.key for candidate in ordered) == [0, 1, 2, 3, 4]
    assert Diverse(pool=7).capacity(3) == 7


def a_candidate(key: int) -> Candidate:
    """The first line of a document."""
    return Candidate(key, Draw(str(key), f"{key}\n", "python", 1, 1, Origin("test")))


def _with_text(candidate: Candidate, text: str) -> Candidate:
    draw = msgspec.structs.replace(candidate.draw, text=text)
    return msgspec.structs.replace(candidate, draw=draw)


def test_the_others_read_everything_and_keep_as_many_as_are_wanted() -> None:
    """Uniform looks at all of the corpus, prefix in its order."""
    for block in (Uniform(), Prefix()):
        assert list(block.of(PARTS, 1)) == PARTS
        assert block.capacity(5) == 5
    assert (Uniform.order, Prefix.order) == ("hash", "position")
