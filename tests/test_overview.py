"""What `status` says of a run."""

import os
import time
from pathlib import Path

import msgspec

from magicoder_gen import overview
from magicoder_gen.records import Counts
from magicoder_gen.storage.rundir import RunDir, heartbeat


def test_an_interrupted_reading_says_how_far_it_was_and_how_to_go_on(tmp_path: Path) -> None:
    """Documents read, the age of what is kept, the command."""
    run = RunDir(tmp_path / "a run")
    run.begin("sample", {})
    run.beat(heartbeat("sample", 500, 2000, in_flight=0, cost=None, progressed=0.0))
    kept = run.folder("seeds") / "scan.progress"
    kept.parent.mkdir()
    kept.touch()
    os.utime(kept, (time.time() - 3600, time.time() - 3600))
    status = overview.status(run)
    assert status.stopped
    assert (status.stopped.done, status.stopped.total) == (500, 2000)
    assert status.stopped.kept
    assert status.stopped.kept >= 3599
    lines = overview.status_lines(
        msgspec.structs.replace(status, stopped=msgspec.structs.replace(status.stopped, kept=7))
    )
    assert lines[-3:] == [
        "sample was interrupted after 500 of 2000 documents",
        "what was read is kept, last 7 s ago",
        f"to go on: magicoder-gen sample --run '{run.root}'",
    ]
    run.config_path.touch()
    kept.unlink()
    assert overview.status_lines(overview.status(run))[-1] == (
        f"to go on: magicoder-gen sample '{run.config_path}' --run '{run.root}'"
    )
    assert "nothing is kept of it" in overview.status_lines(overview.status(run))


def test_a_finished_or_running_stage_is_not_interrupted(tmp_path: Path) -> None:
    """And an interruption of which nothing is known is told without numbers."""
    run = RunDir(tmp_path)
    run.begin("sample", {})
    run.finish("sample", state="complete", counts=Counts(0, 0, {}), parts={}, seconds=1.0)
    assert overview.status(run).stopped is None
    with run.locked():
        run.begin("generate", {})
        assert overview.status(run).stopped is None
    assert overview.status_lines(overview.status(run))[-2] == "generate was interrupted"
