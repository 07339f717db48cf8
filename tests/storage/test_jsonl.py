"""Lines by their numbers, over all parts; damage is named."""

from itertools import count, islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.errors import CorruptData
from magicoder_gen.storage import jsonl


@given(
    sizes=st.lists(st.integers(0, 4), max_size=4),
    numbers=st.lists(st.integers(0, 20), max_size=8).map(sorted),
)
def test_lines_are_picked_by_number(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], numbers: list[int]
) -> None:
    """As if all were read; a number that is wanted twice comes twice."""
    folder = tmp_path_factory.mktemp("parts")
    lines = (f"{number}\n" for number in count())
    for part, size in enumerate(sizes):
        (folder / f"part-{part:05d}.jsonl").write_text("".join(islice(lines, size)))
    there = [number for number in numbers if number < sum(sizes)]
    assert list(jsonl.pick(folder, int, iter(numbers))) == there


def test_only_what_is_picked_must_be_whole(tmp_path: Path) -> None:
    """Its file and line are named."""
    (tmp_path / "part-00000.jsonl").write_text("0\n1\n")
    (tmp_path / "part-00001.jsonl").write_text("two\n3\n4")
    assert list(jsonl.pick(tmp_path, int, [1, 3])) == [1, 3]
    with pytest.raises(CorruptData, match=r"part-00001\.jsonl:1: "):
        list(jsonl.pick(tmp_path, int, [2]))
    with pytest.raises(CorruptData, match=r"part-00001\.jsonl:3: the last line has no end"):
        list(jsonl.pick(tmp_path, int, [4]))
