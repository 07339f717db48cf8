"""The published procedure over many languages and files, against an independent statement of it."""

import random  # noqa: TID251  # the published procedure, stated a second time
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling import a_run, of_tables, sampled, seeds

from magicoder_gen.errors import PoorYield
from magicoder_gen.sample import procedure
from magicoder_gen.sample.corpora.tables import Tables
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.strategies.paper_lines import PaperLines

Row = tuple[str | None, str]  # language, text


def restated(
    rows: list[Row], quotas: dict[str, int], *, chunk_size: int, max_documents: int | None
) -> tuple[list[str], int]:
    """State the published procedure once per language, and the turns that languages take, a second time.

    Also how many documents are read, those without a language once.
    """
    of_language = {}
    read: set[int] = set()
    for language, quota in quotas.items():
        read.update([place for place, (told, _) in enumerate(rows) if told in {language, None}][:max_documents])
        texts = [text if told else None for told, text in rows if told in {language, None}][:max_documents]
        snippets: list[str | None] = []
        for first in range(0, len(texts), chunk_size):
            random.seed(976 + first)
            snippets += [_snippet(text) for text in texts[first : first + chunk_size]]
        shuffled = [snippets[place] for place in np.random.default_rng(976).permutation(len(snippets))]
        of_language[language] = [snippet for snippet in shuffled if snippet is not None][:quota]
    return list(_in_turns(of_language, quotas)), len(read)


def _snippet(text: str | None) -> str | None:
    lines = (text or "").splitlines(keepends=True)
    if not lines:
        return None
    begin = random.choice(range(len(lines)))  # noqa: S311
    return "".join(lines[begin : begin + random.randint(1, 15)])  # noqa: S311


def _in_turns(found: dict[str, list[str]], quotas: dict[str, int]) -> Iterator[str]:
    """Yield from each by Sainte-Lague: the highest quota / (2 x given + 1) is next, the first of equals."""
    given = dict.fromkeys(found, 0)
    while any(given[name] < len(found[name]) for name in found):
        left = [name for name in found if given[name] < len(found[name])]
        name = max(left, key=lambda name: quotas[name] / (2 * given[name] + 1))
        yield found[name][given[name]]
        given[name] += 1


TEXTS = st.lists(st.sampled_from(["a\n", "b\r\n", "c\x0c", "d\u2028", "e\x85f\n", "\n", "g"]), max_size=25).map("".join)
ROWS = st.lists(st.tuples(st.sampled_from(["python", "rust", "go", None]), TEXTS), max_size=40)


@settings(max_examples=40)
@given(ROWS, ROWS, st.tuples(st.integers(1, 9), st.integers(1, 9)), st.integers(1, 9), st.sampled_from([None, 1, 13]))
def test_mixed_languages_are_drawn_as_restated(
    first: list[Row], second: list[Row], wanted: tuple[int, int], chunk_size: int, max_documents: int | None
) -> None:
    """Documents of many languages and of none, over several files: each language as if it were alone."""
    quotas = dict(zip(("python", "rust"), wanted, strict=True))
    expected = restated([*first, *second], quotas, chunk_size=chunk_size, max_documents=max_documents)
    strategy = PaperLines(chunk_size=chunk_size, max_documents=max_documents)
    with tempfile.TemporaryDirectory() as folder:
        paths = [_table(Path(folder) / f"{number}.parquet", rows) for number, rows in enumerate((first, second))]
        assert _texts(Path(folder), of_tables(paths, quotas=quotas, strategy=strategy)) == expected


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(["python", "rust"]), st.lists(TEXTS, max_size=20)), min_size=1, max_size=5))
def test_files_of_one_language_each_are_drawn_as_restated(files: list[tuple[str, list[str]]]) -> None:
    """As above, where the corpora know in advance how many documents of each language there are."""
    quotas, strategy = {"python": 7, "rust": 4}, PaperLines(chunk_size=3, max_documents=30)
    rows = [(language, text) for language, texts in files for text in texts]
    expected = restated(rows, quotas, chunk_size=3, max_documents=30)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(procedure, "PORTION", 6)
        corpora = []
        for number, (language, texts) in enumerate(files):
            path = _table(Path(folder) / f"{number}.parquet", [(language, text) for text in texts])
            corpora.append(Tables(paths=(path,), language=language))
        assert _texts(Path(folder), SampleOptions(quotas=quotas, corpora=tuple(corpora), strategy=strategy)) == expected


def _table(path: Path, rows: Iterable[Row]) -> Path:
    columns = {
        "content": pyarrow.array([text for _, text in rows], pyarrow.string()),
        "lang": pyarrow.array([language for language, _ in rows], pyarrow.string()),
        "repo": pyarrow.array(["a/b" for _ in rows], pyarrow.string()),
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), path, row_group_size=7)
    return path


def _texts(folder: Path, options: SampleOptions) -> tuple[list[str], int]:
    """What is drawn, though it may be nothing, and of how many documents."""
    run = a_run(folder)
    with suppress(PoorYield):
        sampled(options, run)
    counts = run.stages()["sample"].counts
    assert counts is not None
    assert counts.taken == counts.kept + sum(counts.reasons.values())
    return [seed.text for seed in seeds(run)], counts.taken
