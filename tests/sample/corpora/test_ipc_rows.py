"""Arrow IPC files and streams: what damage costs."""

from pathlib import Path

import pyarrow
import pyarrow.feather
import pyarrow.ipc
import pytest
from table_builders import ROWS, a_corpus, a_table, details, lines, reasons, texts, written


@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
def test_feather_files_are_read(tmp_path: Path, compression: str) -> None:
    """However they are compressed."""
    pyarrow.feather.write_feather(pyarrow.Table.from_pylist(ROWS), tmp_path / "a.feather", compression=compression)
    assert texts(a_corpus(tmp_path / "a.feather")) == [row["content"] for row in ROWS]


def test_a_torn_stream_gives_the_rows_before(tmp_path: Path) -> None:
    """Batch by batch; then one `bad_file`; the next file is read."""
    path = a_table(tmp_path, ".ipc")
    path.write_bytes(path.read_bytes()[:-200])
    corpus = a_corpus(path, written(tmp_path / "z.jsonl", lines(ROWS)))
    found = texts(corpus)
    assert found[:2] == [row["content"] for row in ROWS[:2]]
    assert found[-5:] == [row["content"] for row in ROWS]
    assert reasons(corpus) == {"bad_file": 1}
    assert "rows.ipc is damaged" in details(corpus)[0]


@pytest.mark.parametrize("content", [b"", b"ARROW1\0\0", b"no arrow at all"])
def test_what_is_no_arrow_file_is_a_bad_file(tmp_path: Path, content: bytes) -> None:
    """Named in one line."""
    corpus = a_corpus(written(tmp_path / "a.arrow", content))
    assert reasons(corpus) == {"bad_file": 1}
    assert "a.arrow is damaged" in details(corpus)[0]


def test_columns_may_come_in_any_order(tmp_path: Path) -> None:
    """Only those needed are read; strings may be of any kind."""
    rows = pyarrow.table({"n": [1], "path": ["a.py"], "content": pyarrow.array(["a"]).dictionary_encode()})
    with pyarrow.ipc.new_file(tmp_path / "a.arrow", rows.schema) as writer:
        writer.write_table(rows)
    assert texts(a_corpus(tmp_path / "a.arrow", language=None, path="path")) == ["a"]


def test_offsets_that_point_outside_are_damage(tmp_path: Path) -> None:
    """Arrow believes them; a string that is only not UTF-8 costs nothing here."""
    offsets = pyarrow.array(range(9), pyarrow.int32()).buffers()[1]
    strings = pyarrow.Array.from_buffers(pyarrow.string(), 8, [None, offsets, pyarrow.py_buffer(b"abcdefg\xff")])
    table = pyarrow.table({"content": strings})
    with pyarrow.ipc.new_file(tmp_path / "a.arrow", table.schema) as writer:
        writer.write_table(table)
    corpus = a_corpus(tmp_path / "a.arrow")
    assert reasons(corpus) == {}
    content = (tmp_path / "a.arrow").read_bytes()
    numbers = bytes(offsets)[:36]
    assert content.count(numbers) == 1
    written(
        tmp_path / "a.arrow", content.replace(numbers, numbers[:4] + (2**31 - 1).to_bytes(4, "little") + numbers[8:])
    )
    assert reasons(corpus) == {"bad_file": 1}
