"""What `status` says of a run."""

import os
import time
from pathlib import Path

import msgspec
import pytest
from exporting import a_run, a_sample, exported
from generating import accepts, failed, generated, journaled, replied, seeded
from purging import purged

from magicoder_gen import overview
from magicoder_gen.errors import MagicoderError
from magicoder_gen.generate.limits import Limits
from magicoder_gen.generate.prices import Price
from magicoder_gen.generate.protocols import Outcome
from magicoder_gen.records import Counts, Prompt
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


def sometimes(prompt: Prompt) -> Outcome:
    """Answers at $1; one prompt fails for good, one may be asked again."""
    if prompt.seed.index in {3, 4}:
        return failed(prompt, final=prompt.seed.index == 3)
    return replied(prompt, cost=1.0)


def test_a_killed_generate_is_told_by_its_journal(tmp_path: Path) -> None:
    """The heartbeat is seconds old: it knows the total, the journal what is done, failed and paid."""
    run = seeded(tmp_path / "r", 20)
    with pytest.raises(MagicoderError):
        generated(run, sometimes, limits=Limits(max_requests=12), concurrency=1)
    run.begin("generate", {})  # as a later command that was killed leaves it
    run.beat(heartbeat("generate", 0, 20, in_flight=4, cost=None, progressed=0.0))
    status = overview.status(run)
    assert status.stopped
    assert (status.stopped.done, status.stopped.total) == (11, 20)
    assert status.projected_cost == pytest.approx(10.0 * (1 + 9 / 10))
    assert status.stages["generate"].counts == Counts(20, 10, {"context_length": 1, "timeout": 1, "pending": 8})
    assert status.stages["generate"].cost == status.cost == 10.0
    lines = "\n".join(overview.status_lines(status))
    assert "in 20, out 10" in lines
    assert "interrupted after 11 of 20 prompts" in lines
    with run.locked():
        assert "now: generate, 11 of 20 done, 4 under way" in "\n".join(overview.status_lines(overview.status(run)))


def test_nothing_answered_has_no_cost(tmp_path: Path) -> None:
    """Neither of the stage nor of the run, in JSON as in the manifest."""
    run = seeded(tmp_path / "r", 2)
    with pytest.raises(MagicoderError):
        generated(run, failed, price=Price(input=1.0, output=1.0))
    status = overview.status(run)
    assert (status.cost, status.stages["generate"].cost, run.stages()["generate"].cost) == (None, None, None)


def test_a_partial_generate_says_what_is_left(tmp_path: Path) -> None:
    """Prompts that were not asked, that may be asked again, or a target that was missed; and the command."""
    run = seeded(tmp_path / "r", 20)
    with pytest.raises(MagicoderError):
        generated(run, sometimes, limits=Limits(max_requests=12), concurrency=1)
    assert (
        "generate is not done: 8 not asked yet, 1 failed and may be asked again; "
        f"to go on: magicoder-gen generate --run {run.root}"
    ) in overview.status_lines(overview.status(run))
    run = seeded(tmp_path / "s", 6)
    with pytest.raises(MagicoderError):
        generated(run, sometimes, limits=Limits(target_accepted=6), accepts=accepts)
    assert (
        "generate is not done: fewer answers than the 6 of generate.limits.target_accepted were accepted; "
        "1 failed and may be asked again; raise sample.num or generate.answers_per_seed; "
        f"to go on: magicoder-gen generate --run {run.root}"
    ) in overview.status_lines(overview.status(run))


def test_an_export_that_is_older_than_its_samples_is_told(tmp_path: Path) -> None:
    """Not while it is of these samples."""
    run = a_run(tmp_path, [a_sample(1), a_sample(2)])
    exported(run)
    assert not overview.status(run).stale
    a_run(tmp_path, [a_sample(1)])
    told = overview.status(run)
    assert told.stale
    assert "data/ is older than the samples; to write it anew, run `export`" in overview.status_lines(told)


def test_a_purge_that_was_interrupted_is_told_and_nothing_else_goes_on(tmp_path: Path) -> None:
    """As text and as JSON has it: every other command would refuse."""
    run = seeded(tmp_path / "r", 20)
    with pytest.raises(MagicoderError):
        generated(run, sometimes, limits=Limits(max_requests=12), concurrency=1)
    (run.root / "purge.pending").write_bytes(b"")
    status = overview.status(run)
    wanted = f"a purge was interrupted; to finish it: magicoder-gen purge {run.root} --opt-out FILE"
    assert (status.purging, status.left, status.stopped) == (wanted, None, None)
    lines = overview.status_lines(status)
    assert [line for line in lines if "to " in line] == [wanted]


def test_an_answer_that_was_purged_is_no_failure(tmp_path: Path) -> None:
    """It is counted for itself."""
    run = seeded(tmp_path / "r", 3)
    generated(run)
    purged(run, f"id {journaled(run)[0].prompt_id}")
    status = overview.status(run)
    assert (status.failed, status.opted_out) == ({}, 1)
    lines = overview.status_lines(status)
    assert "prompts whose answers were purged 1" in lines
    assert "requests 2, replies 2, prompts that failed 0" in lines
