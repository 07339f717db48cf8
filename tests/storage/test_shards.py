"""Parts appear whole, in order, no larger than asked, and concatenated are the input."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.errors import CannotCreate, CorruptData
from magicoder_gen.storage import jsonl, shards
from magicoder_gen.storage.shards import Layout, ShardWriter, write_parts


@given(lines=st.lists(st.text(max_size=50), max_size=40), size=st.integers(60, 300), zstd=st.booleans())
def test_parts_concatenated_are_the_input(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[str],
    size: int,
    zstd: bool,  # noqa: FBT001
) -> None:
    """Any text, any size, compressed or not; no part is over the size unless a single line is."""
    folder = tmp_path_factory.mktemp("parts")
    parts = write_parts(folder, lines, Layout(shard_bytes=size, compression="zstd" if zstd else None))
    assert list(jsonl.read_parts(folder, str)) == lines
    assert sum(part.records for part in parts) == len(lines)
    assert [folder / part.name for part in parts] == jsonl.parts(folder)
    for part in parts:
        assert part.sha256 == shards.sha256_of(folder / part.name)
        assert zstd or part.bytes <= size or part.records == 1


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    """Compressed too."""
    for compression in (None, "zstd"):
        layout = Layout(shard_bytes=100, compression=compression)
        one = write_parts(tmp_path / "one", ["a" * 80, "b" * 80], layout)
        assert one == write_parts(tmp_path / "two", ["a" * 80, "b" * 80], layout)


def test_a_new_writing_replaces_the_old(tmp_path: Path) -> None:
    """Fewer parts than before leave no stale one."""
    write_parts(tmp_path, ["a" * 90] * 3, Layout(shard_bytes=100))
    write_parts(tmp_path, ["b"], Layout())
    assert list(jsonl.read_parts(tmp_path, str)) == ["b"]


def test_an_error_half_way_leaves_no_half_part(tmp_path: Path) -> None:
    """The part under way vanishes; finished ones stay."""
    with pytest.raises(KeyError), ShardWriter(tmp_path, Layout(shard_bytes=100)) as writer:
        writer.write("a" * 90)
        writer.write("b" * 90)
        raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == ["part-00000.jsonl"]


@pytest.mark.parametrize("content", [b'"a"\n"b', b'"a"\nbroken\n"c"\n', b'"a"\n\xff\n'])
def test_damage_is_an_error_with_file_and_line(tmp_path: Path, content: bytes) -> None:
    """A part appears whole, so a torn last line is damage like any other."""
    path = tmp_path / "part-00000.jsonl"
    path.write_bytes(content)
    with pytest.raises(CorruptData, match=r"part-00000\.jsonl:2"):
        list(jsonl.read(path, str))


def test_what_a_killed_writer_leaves_is_no_part(tmp_path: Path) -> None:
    """Temporary names are not read."""
    write_parts(tmp_path, ["a"], Layout())
    (tmp_path / "part-00001.jsonl.tmp").write_bytes(b'"b"\n')
    (tmp_path / "part-00001.jsonl.zst.tmp").write_bytes(b"")
    assert list(jsonl.read_parts(tmp_path, str)) == ["a"]


def test_a_damaged_zst_part_is_named(tmp_path: Path) -> None:
    """Not an Arrow traceback."""
    path = tmp_path / "part-00000.jsonl.zst"
    path.write_bytes(b"no zstd here")
    with pytest.raises(CorruptData, match="part-00000"):
        list(jsonl.read(path, str))


def test_a_place_where_nothing_can_be_created(tmp_path: Path) -> None:
    """A file where a folder should be."""
    (tmp_path / "file").touch()
    with pytest.raises(CannotCreate, match="choose a place"):
        write_parts(tmp_path / "file" / "seeds", ["a"], Layout())


def test_a_file_that_several_replace_at_once_is_one_of_theirs(tmp_path: Path) -> None:
    """Whole, and nobody fails: each writes under a temporary name of its own."""
    contents = [bytes([number]) * 300_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            list(pool.map(lambda content: shards.write_file(tmp_path / "f", content), contents))
            assert (tmp_path / "f").read_bytes() in contents
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_what_killed_writers_leave_does_not_pile_up(tmp_path: Path) -> None:
    """It goes an hour later, when that file is written again; what others are writing stays, as do other files."""
    for name in (".f[1].0a1b2c3d.tmp", ".f[1].tmp", ".f[1].ffffffff.tmp", ".g.0a1b2c3d.tmp", "f[1].tmp"):
        (tmp_path / name).touch()
        if "ffffffff" not in name:
            os.utime(tmp_path / name, (time.time() - 4000,) * 2)
    shards.write_file(tmp_path / "f[1]", b"x")
    assert {path.name for path in tmp_path.iterdir()} == {
        "f[1]",
        ".f[1].ffffffff.tmp",
        ".g.0a1b2c3d.tmp",
        "f[1].tmp",
    }
