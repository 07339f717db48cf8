"""The files below data/: their names, what is loaded by them, and what stands in their way."""

from fnmatch import fnmatch
from pathlib import Path

import pytest
from exporting import a_run, a_sample, exported, files, load

from magicoder_gen.errors import CannotCreate
from magicoder_gen.export.files import TEXTS, Published, is_ours, name_of
from magicoder_gen.export.formats import Messages, ProblemSolution, tables
from magicoder_gen.export.options import ExportOptions
from magicoder_gen.storage.shards import Layout, Part

MANY = [a_sample(number, repo=f"o/{number % 17}") for number in range(60)]


def test_what_lies_beside_the_parts_is_not_loaded(tmp_path: Path) -> None:
    """A copy of a part under a name like theirs, one of an earlier count: in the folder, and no row of the data set."""
    directory = a_run(tmp_path / "run", MANY, layout=Layout(shard_bytes=9000))
    exported(directory)
    folder = directory.folder("data") / "messages"
    part = next(folder.iterdir()).read_bytes()
    for name in ("train-backup.jsonl", "train-00000-of-00099.jsonl", "train-00000-of-00002.copy.jsonl"):
        (folder / name).write_bytes(part)
    assert load(directory, tmp_path / "cache", "messages").num_rows == len(MANY)


@pytest.mark.parametrize(
    ("count", "first", "last", "pattern"),
    [
        (1, "train-00000-of-00001.jsonl", "train-00000-of-00001.jsonl", "train-?????-of-00001.jsonl"),
        (99_999, "train-00000-of-99999.jsonl", "train-99998-of-99999.jsonl", "train-?????-of-99999.jsonl"),
        (100_001, "train-000000-of-100001.jsonl", "train-100000-of-100001.jsonl", "train-??????-of-100001.jsonl"),
    ],
)
def test_the_names_of_many_parts_sort_as_their_numbers(count: int, first: str, last: str, pattern: str) -> None:
    """Loaders take files by their names; the pattern matches each of them, and an export knows them as its own."""
    (table,) = tables(Messages())
    parts = [Part("", 1, 1, "")] * count
    names = [name_of("train", number, count, "jsonl") for number in (0, count - 1)]
    assert names == [first, last]
    published = Published(table, "train", "jsonl", parts)
    assert published.pattern() == f"messages/{pattern}"
    assert all(fnmatch(f"messages/{name}", published.pattern()) and is_ours(f"messages/{name}") for name in names)


@pytest.mark.parametrize("name", ["messages", "alpaca", ".export"])
def test_nothing_is_removed_through_a_link(tmp_path: Path, name: str) -> None:
    """It is told, before anything is written; once it is gone, an export goes through."""
    directory = a_run(tmp_path / "run", [a_sample()])
    exported(directory)
    elsewhere, link = tmp_path / "elsewhere", directory.folder("data") / name
    elsewhere.mkdir()
    if link.exists():
        link.rename(elsewhere / "moved")
        (elsewhere / "moved" / "train-00000-of-00001.jsonl").rename(elsewhere / "train-00000-of-00001.jsonl")
        (elsewhere / "moved").rmdir()
    (elsewhere / "train-00000-of-00009.jsonl").write_text("mine")
    link.symlink_to(elsewhere)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(CannotCreate, match=rf"{name}: a symbolic link, .*; remove the link"):
        exported(directory, ExportOptions(formats=(ProblemSolution(),)))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    link.unlink()
    exported(directory, ExportOptions(formats=(ProblemSolution(),)))
    assert list(files(directory)) == [*sorted(TEXTS), "problem_solution/train-00000-of-00001.jsonl"]


@pytest.mark.parametrize(
    ("name", "said"),
    [("README.md", "a folder, where export writes a file"), ("messages", "a file, where export makes")],
)
def test_what_stands_in_the_way_is_told_as_what_it_is(tmp_path: Path, name: str, said: str) -> None:
    """Before the earlier export is touched; it is no full disk, and another place does not help."""
    directory = a_run(tmp_path, [a_sample()])
    exported(directory, ExportOptions(formats=(ProblemSolution(),)))
    place = directory.folder("data") / name
    if name == "README.md":
        place.unlink()
        place.mkdir()
    else:
        place.write_text("mine")
    before = files(directory)
    with pytest.raises(CannotCreate, match=rf"{place}: {said}.*; move it away"):
        exported(directory)
    assert files(directory) == before
