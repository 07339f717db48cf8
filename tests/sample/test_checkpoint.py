"""What is kept of an interrupted reading."""

from pathlib import Path

import pytest

from magicoder_gen.records import Counts, Record
from magicoder_gen.sample.checkpoint import Checkpoint
from magicoder_gen.sample.scan import Findings
from magicoder_gen.sample.scanned import State

STATE = State(7, Findings({"bad_file": 2}, (), ()), guessed=True, spare=2)


def test_a_scan_goes_on_where_it_was_written(tmp_path: Path) -> None:
    """With the same inputs only; a removed or damaged file is none."""
    path = tmp_path / "seeds" / "scan.progress"
    Checkpoint(path, "a").write(STATE)
    assert Checkpoint(path, "a").read(State) == STATE
    assert Checkpoint(path, "b").read(State) is None
    path.write_bytes(path.read_bytes()[:-3])
    assert Checkpoint(path, "a").read(State) is None
    Checkpoint(path, "a").remove()
    Checkpoint(path, "a").remove()
    assert Checkpoint(path, "a").read(State) is None


@pytest.mark.parametrize("kind", [Counts, Findings])
def test_what_another_reading_left_is_nothing(tmp_path: Path, kind: type[Record]) -> None:
    """A state of another shape, as an earlier version may have kept it, is as good as none."""
    path = tmp_path / "scan.progress"
    Checkpoint(path, "a").write(STATE)
    assert Checkpoint(path, "a").read(kind) is None


def test_it_is_not_written_all_the_time(tmp_path: Path) -> None:
    """A fresh one is not due: short scans never write."""
    assert not Checkpoint(tmp_path / "scan.progress", "a").is_due()
