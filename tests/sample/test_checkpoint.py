"""What is kept of an interrupted scan."""

from pathlib import Path

from magicoder_gen.sample.checkpoint import Checkpoint
from magicoder_gen.sample.scan import Findings

FINDINGS = Findings({"bad_file": 2}, (), ())


def test_a_scan_goes_on_where_it_was_written(tmp_path: Path) -> None:
    """With the same inputs only; a removed or damaged file is none."""
    path = tmp_path / "seeds" / "scan.progress"
    Checkpoint(path, "a").write(7, FINDINGS, guessed=True, spare=2)
    progress = Checkpoint(path, "a").read()
    assert progress is not None
    assert (progress.done, progress.findings, progress.guessed) == (7, FINDINGS, True)
    assert Checkpoint(path, "b").read() is None
    path.write_bytes(path.read_bytes()[:-3])
    assert Checkpoint(path, "a").read() is None
    Checkpoint(path, "a").remove()
    Checkpoint(path, "a").remove()
    assert Checkpoint(path, "a").read() is None


def test_it_is_not_written_all_the_time(tmp_path: Path) -> None:
    """A fresh one is not due: short scans never write."""
    assert not Checkpoint(tmp_path / "scan.progress", "a").is_due()
