"""The published procedure: equal to an independent statement of it, to frozen digests, and to `datasets`."""

import hashlib
import random  # noqa: TID251  # the published procedure, stated a second time
from collections import Counter
from collections.abc import Iterable
from itertools import islice

import numpy as np
import pytest
from builders import a_document
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.fingerprint import rng
from magicoder_gen.records import Origin
from magicoder_gen.sample.pools import Draw
from magicoder_gen.sample.protocols import Document, Skipped
from magicoder_gen.sample.strategies.paper_lines import PaperLines, Twister, order
from magicoder_gen.sample.texts import content_id


def outcomes(strategy: PaperLines, found: Iterable[Document | Skipped]) -> list[Draw | Skipped]:
    """One outcome per document, with the paper's rng_seed."""
    if strategy.max_documents is not None:
        found = islice(found, strategy.max_documents)
    outcomes = dict(strategy.draws(found, rng_seed=976))
    return [outcomes[place] for place in order(len(outcomes), 976)]


def drawn(strategy: PaperLines, found: Iterable[Document | Skipped]) -> list[Draw]:
    """The draws alone."""
    return [outcome for outcome in outcomes(strategy, found) if isinstance(outcome, Draw)]


def reasons(found: list[Draw | Skipped]) -> dict[str, int]:
    """How often each reason was given."""
    return dict(Counter(outcome.reason for outcome in found if isinstance(outcome, Skipped)))


def corpus(size: int = 57) -> list[Document]:
    """Made up documents of 1 to 40 lines with every line end that str.splitlines knows."""
    ends = ["\n", "\r\n", "\r", "\x0c", "\u2028", "\x85", "\n\n"]
    found = []
    for number in range(size):
        generator = rng(1, "corpus", number)
        lines = [f"v{generator.randrange(99)} = {number}" for _ in range(generator.randint(1, 40))]
        found.append(a_document("".join(line + generator.choice(ends) for line in lines), path=f"d{number}.py"))
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
    expected = published([document.content.decode() for document in found], rng_seed=976, chunk_size=chunk_size)
    seeds = drawn(PaperLines(chunk_size=chunk_size), found)
    assert [seed.text for seed in seeds] == expected
    assert len(seeds) == 57


def test_the_published_procedure_never_changes() -> None:
    """Frozen digests: neither a new Python nor a new NumPy may change what the paper's configuration draws."""
    texts = [seed.text for seed in drawn(PaperLines(chunk_size=10), corpus())[:20]]
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
    table = datasets.Dataset.from_list([{"text": document.content.decode()} for document in found])
    mapped = table.map(snippets, with_indices=True, batched=True, batch_size=10)
    assert mapped.shuffle(seed=976)["snippet"][:] == [seed.text for seed in drawn(strategy, found)]


def _window(lines: list[str]) -> str:
    begin = random.choice(range(len(lines)))  # noqa: S311
    return "".join(lines[begin : begin + random.randint(1, 15)])  # noqa: S311


def test_an_empty_document_keeps_its_index_and_draws_nothing() -> None:
    """The others' snippets and places are as if it had not been asked."""
    found = corpus(6)
    found[2] = a_document("", path="empty.py")
    seeds = drawn(PaperLines(), found)
    order = [place for place in np.random.default_rng(976).permutation(6) if place != 2]
    assert [seed.origin for seed in seeds] == [found[place].locate() for place in order]
    without = drawn(PaperLines(), [*found[:2], *found[3:]])
    assert {seed.text for seed in seeds} == {seed.text for seed in without}
    assert reasons(outcomes(PaperLines(), found)) == {"empty": 1}


def test_only_the_first_documents_are_considered() -> None:
    """No document behind max_documents is read."""
    stream = iter(corpus())
    strategy = PaperLines(max_documents=20)
    seeds = drawn(strategy, stream)
    assert len(seeds) == 20
    assert next(stream).locate().path == "d20.py"
    assert len(drawn(PaperLines(max_documents=None), corpus())) == 57


def test_paper_line_numbers_are_those_of_splitlines() -> None:
    """first_line to last_line extract the snippet from the raw text."""
    found = corpus()
    text_of = {document.locate(): document.content.decode() for document in found}
    for seed in drawn(PaperLines(), found):
        lines = text_of[seed.origin].splitlines(keepends=True)
        assert seed.text == "".join(lines[seed.first_line - 1 : seed.last_line])


def test_documents_that_cannot_be_read_keep_their_places() -> None:
    """Those before and behind three lost ones have the places they always have."""
    found: list[Document | Skipped] = [*corpus(9)]
    lost = [*found[:2], *[Skipped("bad_row_group", Origin("test"))] * 3, *found[5:]]
    before = {draw.origin.path: draw for draw in drawn(PaperLines(), found)}
    after = {draw.origin.path: draw for draw in drawn(PaperLines(), lost)}
    for path in ("d0.py", "d1.py"):
        assert after[path] == before[path]
    assert set(after) == {f"d{place}.py" for place in (0, 1, 5, 6, 7, 8)}
    assert reasons(outcomes(PaperLines(), lost)) == {"bad_row_group": 3}


def test_what_is_not_utf_8_draws_nothing() -> None:
    """It keeps its index like an empty document."""
    broken = Document(b"\xe9\n", "python", lambda: Origin("test"))
    assert reasons(outcomes(PaperLines(), [broken, *corpus(2)])) == {"encoding": 1}


@given(st.text(st.sampled_from("ab\n\r\v\f\x1c\x1d\x1e\x85\u2028é"), max_size=20))
def test_documents_that_are_passed_over_move_the_generator_as_if_drawn(text: str) -> None:
    """Whatever ends their lines: what comes behind them is drawn the same."""
    found = [a_document(text, path="first.py"), a_document("x\n" * 50, path="second.py")]
    every = dict(PaperLines().draws(found, rng_seed=1))
    second = dict(PaperLines().draws(found, rng_seed=1, wanted={1}))
    assert second[1] == every[1]
    assert isinstance(every[0], Skipped) == (0 in second)


def test_a_portion_is_drawn_as_in_the_whole() -> None:
    """From the start of any chunk on."""
    strategy, found = PaperLines(chunk_size=10), corpus()
    whole = dict(strategy.draws(found, rng_seed=976))
    portion = dict(strategy.draws(found[30:], rng_seed=976, first=30))
    assert portion == {place: whole[place] for place in range(30, 57)}


@given(st.integers(0, 57), st.integers(1, 30))
def test_what_comes_behind_is_drawn_as_in_the_whole(place: int, chunk_size: int) -> None:
    """From any document on, in the middle of a chunk too, with the generator as those before left it."""
    strategy, found, twister = PaperLines(chunk_size=chunk_size), corpus(), Twister.of(None)
    whole = dict(strategy.draws(found, rng_seed=976))
    before = dict(strategy.draws(found[:place], rng_seed=976, twister=twister))
    again = Twister.of(twister.state())
    behind = dict(strategy.draws(found[place:], rng_seed=976, first=place, twister=again))
    assert before | behind == whole


def test_a_document_has_the_same_id_whoever_draws_from_it() -> None:
    """The id is that of the normal form, of which nothing more is taken away."""
    document = a_document("<reponame>a\n<reponame>b\r\ncode\n")
    (draw,) = drawn(PaperLines(), [document])
    assert draw.document_id == content_id(b"<reponame>b\ncode\n")
