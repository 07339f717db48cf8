"""CSV: quotes, line ends, rows that do not fit, and what damage costs."""

import gzip
import os
from pathlib import Path

import pytest
from builders import documents_of
from hypothesis import given
from hypothesis import strategies as st
from table_builders import ROWS, a_corpus, a_table, comma_separated, details, lines, reasons, texts, written

from magicoder_gen.sample.corpora import csv_rows
from magicoder_gen.sample.corpora.columns import Columns
from magicoder_gen.sample.corpora.table_files import TableFile
from magicoder_gen.sample.protocols import Document, Skipped


def test_line_ends_commas_and_quotes_within_quotes_are_text(tmp_path: Path) -> None:
    """With CRLF behind the rows and a byte order mark before the header; nothing is read as null or number."""
    content = b'\xef\xbb\xbfcontent,n\r\n"a,\r\n""b""\n",1\r\nNA,2\r\n007,3\r\n,4\r\n'
    corpus = a_corpus(written(tmp_path / "a.csv", content))
    assert texts(corpus) == ['a,\r\n"b"\n', "NA", "007", ""]
    assert reasons(corpus) == {}


def test_rows_that_are_not_utf8_are_counted(tmp_path: Path) -> None:
    """Also those that have too many values; a character across two blocks is no damage."""
    good = ("\u00e9\U0001d400" * 50_000 + "a").encode()
    content = b"content,r\n" + good + b",1\ncaf\xe9,2\ncaf\xe9,3,4\nx,5\n"
    corpus = a_corpus(written(tmp_path / "a.csv", content), repo="r")
    assert texts(corpus) == [good.decode(), "x"]
    assert reasons(corpus) == {"encoding": 1, "bad_row": 1}


def test_rows_with_too_many_or_too_few_values_are_counted(tmp_path: Path) -> None:
    """One line tells the first; the rows around them are read, in files of many blocks too."""
    good = b'"' + b"x" * 1000 + b'",1\n'
    corpus = a_corpus(written(tmp_path / "a.csv", b"content,n\n" + (good * 500 + b"1,2,3\nalone\n") * 4))
    assert reasons(corpus) == {"bad_row": 8}
    assert len(texts(corpus)) == 2000
    (detail,) = details(corpus)
    assert "a.csv: row 502 has 3 values instead of 2" in detail


def test_a_row_larger_than_a_block_is_read(tmp_path: Path) -> None:
    """Each row comes once, also those before it and those that are refused."""
    rows = [{"content": text, "n": "1"} for text in ("a", "x" * 300_000, "b", "y\n" * 2_000_000, "c")]
    content = comma_separated(rows)
    refused = content.replace(b"b,1", b"b,1,1").replace(b"a,1", b"0,0,0\r\na,1")
    corpus = a_corpus(written(tmp_path / "a.csv", refused), max_bytes=1_000_000)
    assert [len(text) for text in texts(corpus)] == [1, 300_000, 1]
    assert reasons(corpus) == {"bad_row": 2, "too_large": 1}
    assert len(details(corpus)) == 1


def test_a_row_without_end_is_a_bad_file(tmp_path: Path) -> None:
    """An open quote swallows what follows, and that is told; all before it is kept."""
    content = b"content,n\n" + b"a,1\n" * 300_000 + b'"' + b"x\n" * (17 << 20)
    corpus = a_corpus(written(tmp_path / "a.csv", content))
    rows = list(documents_of(corpus))
    assert [row.reason for row in rows if isinstance(row, Skipped)] == ["bad_file"]
    assert len(rows) == 300_001
    assert f"a.csv is damaged, the rest of it is left out: {(34 << 20) + 1} bytes behind a quote" in str(
        rows[-1].detail
    )


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_rows_that_fit_nowhere_are_counted_and_cost_no_other(tmp_path: Path, end: bytes) -> None:
    """Quoted, with commas, quotes and line ends in it, or not; in the middle or at the end of the file."""
    quoted = b'"' + b'say ""x"",' + end + b"x" * (17 << 20) + b'",2' + end
    plain = b"y" * (40 << 20) + b",4"
    good, inches = b'"a\nb",1' + end, b'5" pipe,"""' + end + b'"""' + end
    content = b"content,n" + end + good * 70_000 + quoted + b"b,3,3" + end + inches + quoted + good + plain
    corpus = a_corpus(written(tmp_path / "a.csv", content))
    assert reasons(corpus) == {"too_large": 3, "bad_row": 1}
    assert texts(corpus) == ["a\nb"] * 70_000 + ['5" pipe', "a\nb"]


@pytest.mark.parametrize("suffix", [".csv.gz", ".csv.zst"])
def test_rows_before_a_tear_are_kept(tmp_path: Path, suffix: str) -> None:
    """But not the one that is torn, which looks like a shorter one; the next file is read."""
    rows = [{"content": os.urandom(50).hex()} for _ in range(10_000)]
    path = a_table(tmp_path, suffix, rows)
    path.write_bytes(path.read_bytes()[:-4000])
    corpus = a_corpus(path, written(tmp_path / "z.jsonl", lines(ROWS)))
    assert reasons(corpus) == {"bad_file": 1}
    assert f"rows{suffix} is damaged" in details(corpus)[0]
    found = texts(corpus)
    assert len(found) > 7000
    assert found == [row["content"] for row in [*rows[: len(found) - 5], *ROWS]]


def test_a_torn_row_that_is_refused_costs_no_other(tmp_path: Path) -> None:
    """Whether the tear lies in a row's first or last value."""
    content = comma_separated([{"content": os.urandom(20).hex(), "n": 1} for _ in range(100)])
    packed = gzip.compress(content, compresslevel=0)
    for torn in range(1, 44):
        corpus = a_corpus(written(tmp_path / "a.csv.gz", packed[: -8 - torn]))
        assert len(texts(corpus)) == 99
        assert reasons(corpus) == {"bad_file": 1}


@pytest.mark.parametrize("content", [b"", b"content,n\n"])
def test_an_empty_file_has_no_rows(tmp_path: Path, content: bytes) -> None:
    """With or without a header."""
    assert list(documents_of(a_corpus(written(tmp_path / "a.csv", content)))) == []


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.lists(st.fixed_dictionaries({"content": CELLS, "n": CELLS}), min_size=1))
def test_whatever_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]]) -> None:
    """Each text as its UTF-8 bytes, in order."""
    path = written(tmp_path_factory.mktemp("t") / "a.csv", comma_separated(rows))
    table = TableFile(path, "a.csv", Columns(language="c"), 10_000)
    assert [row.content.decode() for row in csv_rows.documents(table) if isinstance(row, Document)] == [
        row["content"] for row in rows
    ]
