"""Drawing lines: ours is uniform and repeatable, the paper's is exact."""

import hashlib
import random  # noqa: TID251  # the published procedure, stated a second time
from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np
import pytest
from builders import a_document
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.errors import ConfigError
from magicoder_gen.fingerprint import rng
from magicoder_gen.records import Document, Seed, Skipped
from magicoder_gen.sample.quality import MinCode
from magicoder_gen.sample.strategies import Lines, PaperLines
from magicoder_gen.sample.texts import content_id, normalised

CODE = st.text(st.sampled_from("ab \n\r\t\x0c\x85\u2028é\ufeff"), max_size=60)


def documents(*texts: str) -> list[Document]:
    """Documents as a corpus identifies them."""
    return [a_document(text, id=content_id(text)) for text in texts]


def outcomes(
    strategy: Lines | PaperLines, found: Iterable[Document], *, num: int = 100, quality: tuple[MinCode, ...] = ()
) -> list[Seed | Skipped]:
    """One outcome per document, with the paper's rng_seed."""
    return list(strategy.seeds(found, num=num, rng_seed=976, quality=quality))


def drawn(strategy: Lines | PaperLines, found: Iterable[Document], *, num: int = 100) -> list[Seed]:
    """The seeds alone."""
    return [outcome for outcome in outcomes(strategy, found, num=num) if isinstance(outcome, Seed)]


def reasons(found: list[Seed | Skipped]) -> dict[str, int]:
    """How often each reason was given."""
    return dict(Counter(outcome.reason for outcome in found if isinstance(outcome, Skipped)))


@given(st.lists(CODE, max_size=6), st.integers(1, 3), st.integers(0, 4))
def test_line_numbers_extract_the_snippet_again(texts: list[str], min_lines: int, more: int) -> None:
    """first_line to last_line of the normalised text are the snippet, to the byte; lengths are in bounds."""
    strategy = Lines(min_lines=min_lines, max_lines=min_lines + more)
    found = documents(*texts)
    text_of = {document.origin: normalised(document.text) for document in found}
    for seed in drawn(strategy, found):
        lines = [f"{line}\n" for line in text_of[seed.origin].split("\n")]
        lines[-1] = lines[-1].removesuffix("\n")
        assert seed.text == "".join(lines[seed.first_line - 1 : seed.last_line])
        assert min_lines <= seed.last_line - seed.first_line + 1 <= min_lines + more
        assert seed.text


@given(st.data(), st.lists(CODE, max_size=12))
def test_order_does_not_matter_and_more_seeds_begin_with_fewer(data: st.DataObject, texts: list[str]) -> None:
    """Five seeds are the first five of ten, from whatever order the corpus has; each document counts once."""
    found = documents(*texts)
    shuffled = data.draw(st.permutations(found))
    ten = drawn(Lines(), found, num=10)
    assert drawn(Lines(), shuffled, num=5) == ten[:5]
    assert len(ten) + sum(reasons(outcomes(Lines(), found, num=10)).values()) == len(texts)


def test_lengths_and_starts_are_uniform() -> None:
    """Neither short snippets nor the file's end are favoured: each length equally often, each start of a length too."""
    found = [a_document("x\n" * 4, id=str(number)) for number in range(6000)]
    spans = Counter((seed.first_line, seed.last_line) for seed in drawn(Lines(max_lines=3), found, num=6000))
    for length, starts in ((1, 4), (2, 3), (3, 2)):
        for start in range(1, starts + 1):
            assert spans[start, start + length - 1] == pytest.approx(2000 / starts, rel=0.12)
    assert spans.total() == 6000


def test_the_choice_of_documents_is_uniform() -> None:
    """Every document is drawn as often as any other, by rng_seed."""
    found = documents(*(f"line {number}\n" for number in range(10)))
    times = Counter(
        outcome.text
        for rng_seed in range(1500)
        for outcome in Lines().seeds(found, num=4, rng_seed=rng_seed, quality=())
        if isinstance(outcome, Seed)
    )
    assert len(times) == 10
    assert all(count == pytest.approx(600, rel=0.15) for count in times.values())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n\t\n\r\n", "empty"),
        ("\ufeff", "empty"),
        ("a\0b\n", "nul"),
        ("x" * 5_000_000, "too_long_line"),
        ("a\n" + "x" * 10_001 + "\nb\n", "too_long_line"),
        ("a\nb", "too_short"),
        ("# x\n# y\n# z\n", "too_little_code"),
    ],
)
def test_a_document_that_cannot_be_used_says_why(text: str, reason: str) -> None:
    """No exception, no seed, one reason."""
    strategy = Lines(min_lines=3)
    assert reasons(outcomes(strategy, documents(text), quality=(MinCode(),))) == {reason: 1}


def test_a_file_of_many_short_lines_is_not_too_long() -> None:
    """Only the length of a line counts, and the limit itself is allowed."""
    assert len(drawn(Lines(max_line_length=10), documents("0123456789\n" * 50))) == 1


@pytest.mark.parametrize("text", ["a = 1\r\nb = 2\r\n", "a = 1\rb = 2\r", "\ufeffa = 1\nb = 2\n"])
def test_line_ends_and_byte_order_mark_are_normalised(text: str) -> None:
    """A seed has LF only, and is the same seed as that of the LF file."""
    assert drawn(Lines(), documents(text)) == drawn(Lines(), documents("a = 1\nb = 2\n"))


def test_form_feed_and_line_separator_end_no_line() -> None:
    """They are characters of a line of code."""
    (seed,) = drawn(Lines(), documents("a\x0cb\u2028c\x85d"))
    assert (seed.text, seed.first_line, seed.last_line) == ("a\x0cb\u2028c\x85d", 1, 1)


def test_equal_documents_give_one_seed() -> None:
    """The same text twice is drawn once, and the other is counted."""
    found = documents("a = 1\n", "a = 1\n", "a = 1\r\n", "b = 1\n")
    assert len(drawn(Lines(), found)) == 2
    assert reasons(outcomes(Lines(), found)) == {"duplicate": 2}


@pytest.mark.parametrize("bad", [{"min_lines": 0}, {"min_lines": 5, "max_lines": 4}, {"max_line_length": 0}, {"x": 1}])
def test_impossible_numbers_are_refused(bad: dict[str, Any]) -> None:
    """Decoding says what is wrong before anything runs."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"type": "lines", **bad}, Lines | PaperLines)


def corpus(size: int = 57) -> list[Document]:
    """Made up documents of 1 to 40 lines with every line end that str.splitlines knows."""
    ends = ["\n", "\r\n", "\r", "\x0c", "\u2028", "\x85", "\n\n"]
    found = []
    for number in range(size):
        generator = rng(1, "corpus", number)
        lines = [f"v{generator.randrange(99)} = {number}" for _ in range(generator.randint(1, 40))]
        found.append(a_document("".join(line + generator.choice(ends) for line in lines), id=f"d{number}"))
    return found


def published(texts: list[str], *, rng_seed: int, chunk_size: int) -> list[str]:
    """State the published procedure as it was: a seeded global generator, chunk by chunk, then a permutation."""
    snippets = []
    for first in range(0, len(texts), chunk_size):
        random.seed(rng_seed + first)
        for text in texts[first : first + chunk_size]:
            lines = text.splitlines(keepends=True)
            begin = random.choice(range(len(lines)))  # noqa: S311
            snippets.append("".join(lines[begin : begin + random.randint(1, 15)]))  # noqa: S311
    return [snippets[place] for place in np.random.default_rng(rng_seed).permutation(len(snippets))]


@pytest.mark.parametrize("chunk_size", [1, 7, 57, 1000])
def test_the_published_procedure_is_reproduced(chunk_size: int) -> None:
    """Same snippets, same order, whatever the chunk."""
    found = corpus()
    expected = published([document.text for document in found], rng_seed=976, chunk_size=chunk_size)
    seeds = drawn(PaperLines(chunk_size=chunk_size), found)
    assert [seed.text for seed in seeds] == expected
    assert [seed.index for seed in seeds] == list(range(57))


def test_the_published_procedure_never_changes() -> None:
    """Frozen digests: neither a new Python nor a new NumPy may change what the paper's configuration draws."""
    texts = [seed.text for seed in drawn(PaperLines(chunk_size=10), corpus(), num=20)]
    assert hashlib.sha256("\0".join(texts).encode()).hexdigest() == FROZEN_SNIPPETS
    order = [seed.origin.path for seed in drawn(PaperLines(), corpus())]
    assert hashlib.sha256(" ".join(map(str, order)).encode()).hexdigest() == FROZEN_ORDER


FROZEN_SNIPPETS = "5df60848357f3ecf9906fc35b5992d6f0fed9e5c1b5dce7ab20d95c7c8dbf89c"
FROZEN_ORDER = "86b10052ae8be3b94a2320ddbd9f7ea096c08ca22c2da975640a1c2a415c37f6"


def test_the_order_is_that_of_the_datasets_library() -> None:
    """Mapping in batches with indices and shuffling there gives our seeds."""
    datasets = pytest.importorskip("datasets")
    strategy, found = PaperLines(chunk_size=10), corpus()

    def snippets(rows: dict[str, list[str]], indices: list[int]) -> dict[str, list[str]]:
        random.seed(976 + indices[0])
        split = [text.splitlines(keepends=True) for text in rows["text"]]
        return {"snippet": [_window(lines) for lines in split]}

    datasets.disable_progress_bars()
    table = datasets.Dataset.from_list([{"text": document.text} for document in found])
    mapped = table.map(snippets, with_indices=True, batched=True, batch_size=10)
    assert mapped.shuffle(seed=976)["snippet"][:] == [seed.text for seed in drawn(strategy, found)]


def _window(lines: list[str]) -> str:
    begin = random.choice(range(len(lines)))  # noqa: S311
    return "".join(lines[begin : begin + random.randint(1, 15)])  # noqa: S311


def test_an_empty_document_keeps_its_index_and_draws_nothing() -> None:
    """The others' snippets and places are as if it had not been asked."""
    found = corpus(6)
    found[2] = a_document("", id="empty")
    seeds = drawn(PaperLines(), found)
    order = [place for place in np.random.default_rng(976).permutation(6) if place != 2]
    assert [seed.origin for seed in seeds] == [found[place].origin for place in order]
    without = drawn(PaperLines(), [*found[:2], *found[3:]])
    assert {seed.text for seed in seeds} == {seed.text for seed in without}
    assert reasons(outcomes(PaperLines(), found)) == {"empty": 1}


def test_only_the_first_documents_are_considered() -> None:
    """No document behind max_documents is read; fewer seeds are the beginning of more."""
    stream = iter(corpus())
    strategy = PaperLines(max_documents=20)
    seeds = drawn(strategy, stream)
    assert len(seeds) == 20
    assert next(stream).id == "d20"
    assert drawn(strategy, corpus(), num=5) == seeds[:5]
    assert reasons(outcomes(strategy, corpus(), num=5)) == {"not_drawn": 15}
    assert len(drawn(PaperLines(max_documents=None), corpus())) == 57


def test_paper_line_numbers_are_those_of_splitlines() -> None:
    """first_line to last_line extract the snippet from the raw text."""
    found = corpus()
    text_of = {document.origin: document.text for document in found}
    for seed in drawn(PaperLines(), found):
        lines = text_of[seed.origin].splitlines(keepends=True)
        assert seed.text == "".join(lines[seed.first_line - 1 : seed.last_line])


def test_paper_lines_admit_no_quality_check() -> None:
    """What was published checks nothing; a check is refused at once, not half way."""
    with pytest.raises(ConfigError, match=r"sample\.quality: .* leave quality out"):
        PaperLines().seeds([], num=1, rng_seed=1, quality=(MinCode(),))
