"""Where rows went is kept, line by line."""

from pathlib import Path

import msgspec
import pytest

from magicoder_gen.errors import CorruptData
from magicoder_gen.storage import pushes
from magicoder_gen.storage.pushes import Pushed

FIRST = Pushed("2026-01-01T00:00:00+00:00", "https://hub.test", "a/b", "main", "c0", 1, 2, 3, 0)


def test_what_is_noted_is_read_in_order(tmp_path: Path) -> None:
    """Nothing before the first push."""
    assert pushes.read(tmp_path) == []
    second = Pushed("2026-01-02T00:00:00+00:00", "https://hub.test", "a/b", "next", "c1", 1, 2, 3, 4)
    pushes.note(tmp_path, FIRST)
    pushes.note(tmp_path, second)
    assert pushes.read(tmp_path) == [FIRST, second]


def test_what_was_asked_for_is_replaced_by_what_was_made(tmp_path: Path) -> None:
    """Its own line and no other; one whose answer never came stays."""
    asked = [msgspec.structs.replace(FIRST, at=f"2026-01-0{day}T00:00:00+00:00", commit=None) for day in (1, 2)]
    for line in asked:
        pushes.note(tmp_path, line)
    pushes.note(tmp_path, FIRST, instead=asked[1])
    assert pushes.read(tmp_path) == [asked[0], FIRST]


def test_a_damaged_line_is_told_and_kept(tmp_path: Path) -> None:
    """It may be all that says where rows are; a further push does not lose it."""
    (tmp_path / pushes.NAME).write_text('{"at": "2026')
    pushes.note(tmp_path, FIRST)
    assert (tmp_path / pushes.NAME).read_text().startswith('{"at": "2026\n')
    with pytest.raises(CorruptData, match="correct the line"):
        pushes.read(tmp_path)
