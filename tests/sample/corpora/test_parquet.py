"""Parquet: what arrow holds, and what damage costs."""

import gc
import os
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from builders import documents_of
from table_builders import ROWS, a_corpus, a_table, details, lines, reasons, texts, written

from magicoder_gen.errors import CorpusUnreachable
from magicoder_gen.sample.corpora import parquet
from magicoder_gen.sample.corpora.columns import Columns
from magicoder_gen.sample.protocols import Document, Skipped

TYPES = [
    pyarrow.string(),
    pyarrow.large_string(),
    pyarrow.binary(),
    pyarrow.large_binary(),
    pyarrow.string_view(),
    pyarrow.binary_view(),
    pyarrow.dictionary(pyarrow.int32(), pyarrow.string()),
]


def a_file(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    """Write columns as a parquet file."""
    pyarrow.parquet.write_table(pyarrow.table(columns), path, **options)
    return path


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_every_kind_of_string_is_a_text(tmp_path: Path, kind: pyarrow.DataType) -> None:
    """Null is `empty`; more bytes than allowed is `too_large`, counted in UTF-8. Where it is a name, blank is none."""
    values = pyarrow.array(["a\n", None, "", "\u00e9" * 4, "a\n"]).cast(kind)
    columns = {"content": pyarrow.chunked_array([values.slice(0, 1), values.slice(1)]), "repo": values}
    corpus = a_corpus(a_file(tmp_path / "a.parquet", columns), max_bytes=7, repo="repo")
    assert texts(corpus) == ["a\n", "", "a\n"]
    assert reasons(corpus) == {"empty": 1, "too_large": 1}
    assert [row.locate().repo for row in documents_of(corpus) if isinstance(row, Document)] == ["a\n", None, "a\n"]


def test_columns_of_other_types_are_bad_rows(tmp_path: Path) -> None:
    """But null is empty, in a column of nulls too."""
    path = a_file(tmp_path / "a.parquet", {"number": [1, 2, None], "nothing": pyarrow.nulls(3), "list": [["a"]] * 3})
    assert reasons(a_corpus(path, text="number")) == {"bad_row": 2, "empty": 1}
    assert reasons(a_corpus(path, text="nothing")) == {"empty": 3}
    assert reasons(a_corpus(path, text="list")) == {"bad_row": 3}


def test_a_string_that_is_not_utf8_is_handed_on(tmp_path: Path) -> None:
    """Arrow does not check what it reads, nor do we: whoever decodes a document does."""
    offsets = pyarrow.py_buffer(b"".join(number.to_bytes(4, "little") for number in (0, 1, 2, 3)))
    broken = pyarrow.Array.from_buffers(pyarrow.string(), 3, [None, offsets, pyarrow.py_buffer(b"a\xffb")])
    corpus = a_corpus(a_file(tmp_path / "a.parquet", {"content": broken}), repo="content")
    rows = [row for row in documents_of(corpus) if isinstance(row, Document)]
    assert [row.content for row in rows] == [b"a", b"\xff", b"b"]
    assert rows[1].locate().repo == "\ufffd"


def test_an_empty_table_is_no_damage(tmp_path: Path) -> None:
    """Neither without row groups nor without rows in one."""
    with pyarrow.parquet.ParquetWriter(tmp_path / "a.parquet", pyarrow.schema({"content": pyarrow.string()})):
        pass
    a_file(tmp_path / "b.parquet", {"content": pyarrow.array([], pyarrow.string())})
    assert list(documents_of(a_corpus(tmp_path / "*.parquet"))) == []


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no parquet at all"])
def test_a_damaged_footer_is_one_bad_file(tmp_path: Path, content: bytes) -> None:
    """Named in one line; the other files are read."""
    written(tmp_path / "a.parquet", content)
    written(tmp_path / "z.jsonl", lines(ROWS))
    corpus = a_corpus(tmp_path / "*")
    assert reasons(corpus) == {"bad_file": 1}
    assert texts(corpus) == [row["content"] for row in ROWS]
    (detail,) = details(corpus)
    assert "a.parquet is damaged" in detail
    assert "\n" not in detail


def test_a_truncated_file_is_one_bad_file(tmp_path: Path) -> None:
    """Its footer is at the end, so nothing of it can be read."""
    path = a_table(tmp_path, ".parquet", [{"content": os.urandom(50).hex()} for _ in range(200)])
    path.write_bytes(path.read_bytes()[:-400])
    assert reasons(a_corpus(path)) == {"bad_file": 1}


def test_a_row_group_that_cannot_be_decoded_costs_its_rows(tmp_path: Path) -> None:
    """They are counted and told in one line; the row groups around it are read."""
    path = a_table(tmp_path, ".parquet")
    column = pyarrow.parquet.read_metadata(path).row_group(1).column(0)
    start = column.dictionary_page_offset or column.data_page_offset
    content = bytearray(path.read_bytes())
    content[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    corpus = a_corpus(written(path, bytes(content)))
    assert reasons(corpus) == {"bad_row_group": 2}
    assert texts(corpus) == [ROWS[index]["content"] for index in (0, 1, 4)]
    (detail,) = details(corpus)
    assert "rows.parquet: 2 rows of row group 1 cannot be read" in detail


def test_a_file_that_is_rewritten_is_read_as_it_is_now(tmp_path: Path) -> None:
    """A row group that it lost is counted; damage since it was listed too."""
    path = a_table(tmp_path, ".parquet")
    parts = a_corpus(path).fragments()
    assert len(list(parts[0].read())) == 2
    a_table(tmp_path, ".parquet", ROWS[:3])
    found = [row for part in parts for row in part.read()]
    assert sum(isinstance(row, Document) for row in found) == 3
    assert [(row.reason, row.count) for row in found if isinstance(row, Skipped)] == [("bad_row_group", 1)]
    written(path, b"nothing")
    assert [row.count for part in parts for row in part.read() if isinstance(row, Skipped)] == [2, 2, 1]


def test_fragments_of_two_files_can_be_read_in_turns(tmp_path: Path) -> None:
    """A file stays open for whoever still reads it, and closes with its last reader."""
    paths = [a_file(tmp_path / f"{name}.parquet", {"content": [name] * 3000}) for name in "ab"]
    first, second = (part.read() for part in a_corpus(*paths).fragments())
    contents = {row.content for pair in zip(first, second, strict=True) for row in pair if isinstance(row, Document)}
    assert contents == {b"a", b"b"}
    del first, second
    gc.collect()
    handles = Path("/proc/self/fd")
    if handles.exists():
        held = [str(handle.readlink()) for handle in handles.iterdir() if handle.is_symlink()]
        assert sum(name.startswith(str(tmp_path)) for name in held) <= 1


def test_a_row_group_larger_than_a_batch_is_read_in_batches(tmp_path: Path) -> None:
    """In order, each row with its own origin."""
    texts_and_paths = {"content": [f"x = {n}" for n in range(2500)], "path": [f"{n}.py" for n in range(2500)]}
    corpus = a_corpus(a_file(tmp_path / "a.parquet", texts_and_paths), path="path")
    rows = [row for row in documents_of(corpus) if isinstance(row, Document)]
    assert [row.content.decode() for row in rows] == texts_and_paths["content"]
    assert [row.locate().path for row in rows] == texts_and_paths["path"]


class AnUnreachableFile:
    """A file object of which the footer can be read, and then nothing."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self.is_cut = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, size: int = -1) -> bytes:
        """Read, or say that the network is gone."""
        if self.is_cut:
            raise CorpusUnreachable("the hub did not answer")
        return self._file.read(size)


def test_what_the_file_object_raises_of_ours_passes_through(tmp_path: Path) -> None:
    """An unreachable hub is no damaged row group."""
    source = AnUnreachableFile(a_table(tmp_path, ".parquet"))
    file = pyarrow.parquet.ParquetFile(pyarrow.PythonFile(source, mode="r"), pre_buffer=False)
    source.is_cut = True
    with pytest.raises(CorpusUnreachable):
        list(parquet.documents(file, 1, columns=Columns(language="c"), corpus="hub:x", max_bytes=100))
    source.close()


def test_a_row_group_without_a_column_is_told_by_its_corpus(tmp_path: Path) -> None:
    """Where the caller has no better name for the file."""
    with pyarrow.parquet.ParquetFile(a_table(tmp_path, ".parquet")) as file:
        columns = Columns(text="code", language="c")
        (skipped,) = parquet.documents(file, 0, columns=columns, corpus="hub:x", max_bytes=100)
    assert isinstance(skipped, Skipped)
    assert (skipped.reason, skipped.count, skipped.origin.corpus) == ("no_column", 2, "hub:x")
    assert str(skipped.detail).startswith("hub:x has no column 'code', but content, lang")
