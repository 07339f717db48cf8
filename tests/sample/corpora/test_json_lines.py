"""JSON lines: what is a row, and what damage costs."""

import gzip
import os
from pathlib import Path

import msgspec
import pytest
from builders import documents_of
from hypothesis import given
from hypothesis import strategies as st
from table_builders import ROWS, a_corpus, a_table, details, lines, reasons, texts, written, zstd

from magicoder_gen.errors import ConfigError
from magicoder_gen.sample.corpora import json_lines
from magicoder_gen.sample.corpora.columns import Columns
from magicoder_gen.sample.corpora.table_files import TableFile
from magicoder_gen.sample.protocols import Document


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_concatenated_files_are_read_to_the_end(tmp_path: Path, suffix: str) -> None:
    """As `cat a.gz b.gz` makes them."""
    packed = gzip.compress if suffix == ".gz" else zstd
    path = written(tmp_path / f"a.jsonl{suffix}", packed(lines(ROWS[:2])) + packed(lines(ROWS[2:])))
    assert len(texts(a_corpus(path))) == 5


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"content": "a', "bad_row"),
        (b"[1, 2]", "bad_row"),
        (b'{"content": 5}', "bad_row"),
        (b'{"other": "a"}', "no_column"),
        (b"[" * 200_000, "bad_row"),
        (b'{"content": ' + b"9" * 5000 + b"}", "bad_row"),
        (b'{"content": null}', "empty"),
        (b'{"content": "caf\xe9"}', "encoding"),
        (b'{"content": "' + b"x" * 1_000_000 + b'"}', "too_large"),
    ],
    ids=lambda value: str(value)[:20],
)
@pytest.mark.parametrize("rest", [b"", b"\n" + lines(ROWS[1:2])], ids=["last", "middle"])
def test_a_damaged_line_is_skipped_with_its_reason(tmp_path: Path, line: bytes, reason: str, rest: bytes) -> None:
    """The rows around it are read, also when it is torn off at the end of the file; its number is told."""
    content = lines(ROWS[:1]) + line + rest
    corpus = a_corpus(written(tmp_path / "a.jsonl", content), max_bytes=500_000)
    assert reasons(corpus) == {reason: 1}
    assert len(texts(corpus)) == (2 if rest else 1)
    assert ["a.jsonl:2: the line" in detail for detail in details(corpus)] == [True] * (
        reason not in {"empty", "too_large"}
    )


def test_of_many_damaged_lines_one_is_told(tmp_path: Path) -> None:
    """The log is not flooded, the count is exact."""
    corpus = a_corpus(written(tmp_path / "a.jsonl", lines(ROWS) + b"{\n" * 50))
    assert reasons(corpus) == {"bad_row": 50}
    assert len(details(corpus)) == 1


def test_a_last_line_without_its_end_is_a_row_if_it_is_whole(tmp_path: Path) -> None:
    """Many tools leave out the last line end; blank lines are no rows; a byte order mark is no damage."""
    content = b"\xef\xbb\xbf" + lines(ROWS[:1]) + b"\n  \r\n" + lines(ROWS[1:2]).rstrip()
    corpus = a_corpus(written(tmp_path / "a.jsonl", content))
    assert len(texts(corpus)) == 2
    assert reasons(corpus) == {}


def test_lone_surrogates_are_replaced(tmp_path: Path) -> None:
    """Half a character, as broken exporters write it, must not stop a writer later; NaN beside it neither."""
    row = rb'{"content": "a\ud835b\ud835\udc00", "repo": ["\udc00"], "score": NaN}' + b"\n"
    (document,) = documents_of(a_corpus(written(tmp_path / "a.jsonl", row), repo="repo"))
    assert isinstance(document, Document)
    assert document.content.decode() == "a\ufffdb\U0001d400"
    assert msgspec.json.encode(document.locate())


@pytest.mark.parametrize("indent", [b"", b"\xef\xbb\xbf", b"\n  "])
@pytest.mark.parametrize("between", [b",", b",\n"])
def test_a_file_that_is_one_array_is_read(tmp_path: Path, indent: bytes, between: bytes) -> None:
    """Item by item, as lines would be: what is damaged in one costs no other."""
    bad = [b'{"content": 5}', b'{"content": "' + b"x" * 100 + b'"}', b'{"content": "NaN", "score": NaN}']
    rows = between.join([*lines(ROWS).strip().split(b"\n"), *bad])
    corpus = a_corpus(written(tmp_path / "a.json", indent + b"[" + rows + b"]\n"), max_bytes=90)
    assert texts(corpus) == [*(row["content"] for row in ROWS), "NaN"]
    assert reasons(corpus) == {"bad_row": 1, "too_large": 1}
    assert ["a.json:6: the item is no JSON object with a text" in detail for detail in details(corpus)] == [True]


def test_a_column_that_an_array_lacks_is_named(tmp_path: Path) -> None:
    """As of any other table."""
    with pytest.raises(ConfigError, match="has no column 'code', but content, "):
        a_corpus(written(tmp_path / "a.json", msgspec.json.encode(ROWS)), text="code").fragments()


def test_an_array_that_cannot_be_held_or_read_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do about it."""
    torn = a_corpus(written(tmp_path / "torn.json", msgspec.json.encode(ROWS)[:-5]))
    assert reasons(torn) == {"bad_file": 1}
    assert "torn.json is damaged, the rest of it is left out: it begins as a JSON array but is none" in details(torn)[0]
    monkeypatch.setattr(json_lines, "_ARRAY_BYTES", 100)
    large = a_corpus(written(tmp_path / "large.json", msgspec.json.encode(ROWS)))
    assert reasons(large) == {"bad_file": 1}
    (detail,) = details(large)
    assert "write one object per line instead, as `jq -c '.[]'` does" in detail


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".jsonl.zst"])
def test_rows_before_a_tear_are_kept(tmp_path: Path, suffix: str) -> None:
    """Then one `bad_file`, with a line that names it; the next file is read."""
    rows = [{"content": os.urandom(50).hex()} for _ in range(10_000)]
    path = a_table(tmp_path, suffix, rows)
    path.write_bytes(path.read_bytes()[:-4000])
    corpus = a_corpus(path, written(tmp_path / "z.jsonl", lines(ROWS)))
    assert reasons(corpus) == {"bad_file": 1}
    (detail,) = details(corpus)
    assert f"rows{suffix} is damaged" in detail
    found = texts(corpus)
    assert found[:-5] == [row["content"] for row in rows[: len(found) - 5]]
    assert len(found) > 7000
    assert found[-5:] == [row["content"] for row in ROWS]


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".jsonl.zst"])
def test_an_empty_file_has_no_rows(tmp_path: Path, suffix: str) -> None:
    """And is no damage; what only claims to be compressed is."""
    assert list(documents_of(a_corpus(written(tmp_path / f"a{suffix}", b"")))) == []
    if suffix != ".jsonl":
        assert reasons(a_corpus(written(tmp_path / f"b{suffix}", b"plain text\n" * 9))) == {"bad_file": 1}


def test_an_origin_that_a_row_does_not_say_is_none(tmp_path: Path) -> None:
    """JSON lines leave out keys."""
    path = written(tmp_path / "a.jsonl", lines([{"content": "a", "repo": "o/n"}, {"content": "b"}]))
    rows = [row for row in documents_of(a_corpus(path, repo="repo")) if isinstance(row, Document)]
    assert [row.locate().repo for row in rows] == ["o/n", None]


@given(st.lists(st.fixed_dictionaries({"content": st.text(), "n": st.integers() | st.floats() | st.none()})))
def test_whatever_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]]) -> None:
    """Each text as its UTF-8 bytes, in order."""
    path = written(tmp_path_factory.mktemp("t") / "a.jsonl", lines(rows))
    table = TableFile(path, "a.jsonl", Columns(language="c"), 10_000)
    assert [row.content.decode() for row in json_lines.documents(table) if isinstance(row, Document)] == [
        row["content"] for row in rows
    ]
