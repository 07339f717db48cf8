"""Tables, good and damaged; reading rows is tested through them."""

import gzip
import json
import logging
import os
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pyarrow
import pyarrow.parquet
import pytest

from magicoder_gen.errors import ConfigError, CorruptData
from magicoder_gen.records import Document, Skipped
from magicoder_gen.sample.corpora.tables import Tables

ROWS = [{"content": f"x = {number}\n", "lang": "Python", "repo": "a/b", "n": number} for number in range(5)]


def lines(rows: list[dict[str, Any]]) -> bytes:
    """Rows as JSON lines."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def zstd(content: bytes) -> bytes:
    """Compress as `zstd` does."""
    return bytes(pyarrow.Codec("zstd").compress(content, asbytes=True))


def written(path: Path, content: bytes) -> Path:
    """Write a file; return its path."""
    path.write_bytes(content)
    return path


def a_table(folder: Path, suffix: str, rows: list[dict[str, Any]] = ROWS) -> Path:
    """Write rows in the format that `suffix` names."""
    path = folder / f"rows{suffix}"
    if suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=2)
        return path
    packed = {".gz": gzip.compress, ".zst": zstd}.get(path.suffix, bytes)
    return written(path, packed(lines(rows)))


def a_corpus(*paths: Path, **options: Any) -> Tables:
    """Tables of Python code in column content, unless `options` say otherwise."""
    return Tables(paths=paths, **{"language": "python", **options})


def texts(corpus: Tables) -> list[str]:
    """The documents' texts, in order."""
    return [document.text for document in corpus.documents() if isinstance(document, Document)]


def reasons(corpus: Tables) -> dict[str, int]:
    """How often each reason was given."""
    return dict(Counter(document.reason for document in corpus.documents() if isinstance(document, Skipped)))


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".json", ".jsonl.gz", ".jsonl.zst"])
def test_every_format_gives_the_same_documents(tmp_path: Path, suffix: str) -> None:
    """In order, with what the columns say."""
    corpus = a_corpus(a_table(tmp_path, suffix), language=None, language_column="lang", repo="repo", path="n")
    found = list(corpus.documents())
    assert texts(corpus) == [row["content"] for row in ROWS]
    assert isinstance(found[3], Document)
    assert (found[3].language, found[3].origin.repo, found[3].origin.path) == ("python", "a/b", "3")
    assert found[3].origin.corpus == f"tables:rows{suffix}"
    assert msgspec.json.encode(found[3])


def test_globs_are_sorted_and_no_file_comes_twice(tmp_path: Path) -> None:
    """A file that two patterns match is read once."""
    for name in ("b", "a"):
        written(tmp_path / f"{name}.jsonl", lines([{"content": name}]))
    assert texts(a_corpus(tmp_path / "*.jsonl", tmp_path / "a.jsonl")) == ["a", "b"]


def test_concatenated_gzip_files_are_read_to_the_end(tmp_path: Path) -> None:
    """As `cat a.gz b.gz` makes them."""
    path = written(tmp_path / "a.jsonl.gz", gzip.compress(lines(ROWS[:2])) + gzip.compress(lines(ROWS[2:])))
    assert len(texts(a_corpus(path))) == 5


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
@pytest.mark.parametrize("key", ["text", "repo"])
def test_a_missing_column_names_file_column_and_columns(tmp_path: Path, suffix: str, key: str) -> None:
    """Exit code 65, before anything is spent."""
    with pytest.raises(CorruptData, match=rf"rows{suffix} has no column 'code', but content, lang, repo, n;"):
        list(a_corpus(a_table(tmp_path, suffix), **{key: "code"}).documents())


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"content": "a', "bad_row"),
        (b"[1, 2]", "bad_row"),
        (b'{"content": 5}', "bad_row"),
        (b'{"other": "a"}', "bad_row"),
        (b"[" * 200_000, "bad_row"),
        (b'{"content": ' + b"9" * 5000 + b"}", "bad_row"),
        (b'{"content": null}', "empty"),
        (b'{"content": "caf\xe9"}', "encoding"),
        (b'{"content": "' + b"x" * 1_000_000 + b'"}', "too_large"),
    ],
)
@pytest.mark.parametrize("rest", [b"", b"\n" + lines(ROWS[1:2])])
def test_a_damaged_line_is_skipped_with_its_reason(tmp_path: Path, line: bytes, reason: str, rest: bytes) -> None:
    """The rows around it are read, also when it is torn off at the end of the file."""
    content = lines(ROWS[:1]) + line + rest
    corpus = a_corpus(written(tmp_path / "a.jsonl", content), max_bytes=500_000)
    assert reasons(corpus) == {reason: 1}
    assert len(texts(corpus)) == (2 if rest else 1)


def test_a_last_line_without_its_end_is_a_row_if_it_is_whole(tmp_path: Path) -> None:
    """Many tools leave out the last line end; blank lines are no rows; a byte order mark is no damage."""
    content = b"\xef\xbb\xbf" + lines(ROWS[:1]) + b"\n  \r\n" + lines(ROWS[1:2]).rstrip()
    corpus = a_corpus(written(tmp_path / "a.jsonl", content))
    assert len(texts(corpus)) == 2
    assert reasons(corpus) == {}


def test_lone_surrogates_are_replaced(tmp_path: Path) -> None:
    """Half a character, as broken exporters write it, must not stop a writer later; NaN beside it neither."""
    row = rb'{"content": "a\ud835b\ud835\udc00", "repo": ["\udc00"], "score": NaN}' + b"\n"
    (document,) = a_corpus(written(tmp_path / "a.jsonl", row), repo="repo").documents()
    assert isinstance(document, Document)
    assert document.text == "a\ufffdb\U0001d400"
    assert msgspec.json.encode(document)


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl.gz", ".jsonl.zst"])
def test_a_truncated_file_is_counted_and_the_next_one_read(
    tmp_path: Path, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One `bad_file`, one warning that names it."""
    rows = [{"content": os.urandom(50).hex()} for _ in range(2000)]
    path = a_table(tmp_path, suffix, rows)
    path.write_bytes(path.read_bytes()[:-4000])
    corpus = a_corpus(path, written(tmp_path / "z.jsonl", lines(ROWS)))
    with caplog.at_level(logging.WARNING):
        assert reasons(corpus) == {"bad_file": 1}
    assert f"rows{suffix} is damaged" in caplog.text
    assert texts(corpus)[-5:] == [row["content"] for row in ROWS]


def test_parquet_columns_of_other_types(tmp_path: Path) -> None:
    """Bytes are decoded, other types are bad rows, null is empty."""
    path = tmp_path / "a.parquet"
    table = pyarrow.table({"blob": [b"a\n", b"\xff", None], "number": [1, 2, None]})
    pyarrow.parquet.write_table(table, path)
    assert texts(a_corpus(path, text="blob")) == ["a\n"]
    assert reasons(a_corpus(path, text="blob")) == {"encoding": 1, "empty": 1}
    assert reasons(a_corpus(path, text="number")) == {"bad_row": 2, "empty": 1}


def test_a_parquet_string_that_is_not_utf8_costs_its_row_only(tmp_path: Path) -> None:
    """Arrow does not check what it reads; the rows beside it are kept."""
    offsets = pyarrow.py_buffer(b"".join(number.to_bytes(4, "little") for number in (0, 1, 2, 3)))
    broken = pyarrow.Array.from_buffers(pyarrow.string(), 3, [None, offsets, pyarrow.py_buffer(b"a\xffb")])
    pyarrow.parquet.write_table(pyarrow.table({"content": broken}), tmp_path / "a.parquet")
    corpus = a_corpus(tmp_path / "a.parquet")
    assert texts(corpus) == ["a", "b"]
    assert reasons(corpus) == {"encoding": 1}


def test_a_row_without_a_language_is_skipped(tmp_path: Path) -> None:
    """Where the column says nothing, nothing is guessed."""
    rows = [{"content": "a", "lang": None}, {"content": "b", "lang": "C++"}]
    corpus = a_corpus(a_table(tmp_path, ".jsonl", rows), language=None, language_column="lang")
    assert reasons(corpus) == {"no_language": 1}
    assert [document.language for document in corpus.documents() if isinstance(document, Document)] == ["cpp"]


def test_licences_may_be_lists(tmp_path: Path) -> None:
    """As starcoder's tables have them."""
    path = a_table(tmp_path, ".parquet", [{"content": "a", "licenses": ["MIT", "Apache-2.0"]}])
    (document,) = a_corpus(path, license="licenses").documents()
    assert document.origin.license == "MIT, Apache-2.0"


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl.zst"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, suffix: str) -> None:
    """A table of 20 MB of text is read in a fraction of that."""
    path = a_table(tmp_path, suffix, [{"content": f"{number}" + "x" * 1000} for number in range(20_000)])
    tracemalloc.start()
    assert sum(1 for _ in a_corpus(path).documents()) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000


@pytest.mark.parametrize("name", ["missing.jsonl", "*.jsonl", "folder", "notes.txt"])
def test_a_path_that_is_no_table_is_a_config_error(tmp_path: Path, name: str) -> None:
    """Missing, matching nothing, a folder, or of an unknown kind: named before anything is read."""
    (tmp_path / "folder").mkdir()
    written(tmp_path / "notes.txt", b"")
    with pytest.raises(ConfigError, match=r"sample\.corpora: .*"):
        a_corpus(tmp_path / name).identity()


def test_one_way_to_know_the_language_is_needed(tmp_path: Path) -> None:
    """Neither and both are refused; a word we do not know too."""
    with pytest.raises(ValueError, match="either language or language_column"):
        Tables(paths=(tmp_path,))
    with pytest.raises(ValueError, match="either language or language_column"):
        Tables(paths=(tmp_path,), language="c", language_column="c")
    with pytest.raises(ConfigError, match="'pyton'"):
        a_corpus(a_table(tmp_path, ".jsonl"), language="pyton").identity()


def test_the_identity_follows_the_content(tmp_path: Path) -> None:
    """Another size is another corpus."""
    path = a_table(tmp_path, ".jsonl")
    before = a_corpus(path).identity()
    assert a_corpus(path).identity() == before
    path.write_bytes(lines(ROWS[:2]))
    assert a_corpus(path).identity() != before
