"""Interrupted at any moment, a purge is carried on; until then nobody trusts the run."""

from pathlib import Path
from typing import Any

import msgspec
from command import products, run
from programs import finished, started
from purging import (
    OWNER,
    assert_counted,
    copied,
    listed,
    of_owner,
    purged,
    saying,
    words_of,
)

from magicoder_gen.clean.markers import Markers
from magicoder_gen.purge import pending, planning
from magicoder_gen.storage import optouts
from magicoder_gen.storage.rundir import RunDir

KILLED = """
    import os, shutil, sys
    from pathlib import Path
    from magicoder_gen.storage.rundir import RunDir
    from purging import copied, purged
    import magicoder_gen.report.stage, pyarrow.parquet

    here = Path(sys.argv[0]).parent
    EVENTS = ("os.rename", "os.remove", "os.rmdir", "shutil.rmtree", "sqlite3.connect")

    def killed(moment):
        left = [moment]

        def watch(event, _):
            left[0] -= event in EVENTS
            if left[0] < 0:
                os._exit(9)

        run = RunDir(here / str(moment) / "r")
        sys.addaudithook(watch)
        purged(run, os.environ["ENTRY"])
        os._exit(0)

    moment, ended = 0, False
    while not ended:
        copied(Path(os.environ["MADE"]), here / str(moment))
        process = os.fork()
        if not process:
            killed(moment)
        ended = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
        moment += 7
"""


def test_killed_at_any_moment_the_same_command_finishes(made: Path, tmp_path: Path) -> None:
    """Until then no stage is complete that holds what was listed; then all is as if nothing had happened."""
    words = words_of(made, of_owner(made))
    whole = copied(made, tmp_path / "whole")
    purged(whole, OWNER)
    code, _, err = finished(started(KILLED, tmp_path, MADE=str(made), ENTRY=OWNER))
    assert code == 0, err
    moments = sorted(tmp_path.glob("[0-9]*/r"), key=lambda root: int(root.parent.name))
    assert len(moments) > 8
    for root in moments:
        killed = RunDir(root)
        assert_honest(killed, words, products(made))
        purged(killed, OWNER)
        assert products(root) == products(whole.root), root
        assert without_times(killed) == without_times(whole)
        assert saying(root, words) == {}
        assert not (root / "purge.pending").exists()


def assert_honest(run: RunDir, words: set[str], before: dict[str, bytes]) -> None:
    """Unless nothing has begun, no folder of a stage that is said to be complete holds anything of it."""
    complete = {folder for entry in run.stages().values() if entry.state == "complete" for folder in entry.parts}
    if products(run.root) != before:
        assert not {Path(folder).parts[0] for folder in complete} & {
            Path(name).parts[0] for name in saying(run.root, words)
        }


def without_times(run: RunDir) -> dict[str, Any]:
    """The manifest, but for seconds."""
    stages = {name: msgspec.structs.replace(entry, seconds=0.0) for name, entry in run.stages().items()}
    return dict(msgspec.to_builtins(stages))


def test_another_list_finishes_an_interrupted_purge_first(made: Path, a_run: RunDir) -> None:
    """Its entries are on disk; both lists are in the ledger then."""
    planned = planning.planned(a_run, optouts.read(listed(a_run, OWNER)), markers=Markers())
    pending.write(a_run.root, planned)
    done = purged(a_run, "repo owner2/thing")
    gone = [*of_owner(made, 1), *of_owner(made, 2)]
    assert done.removed["seeds"] == len(gone)
    assert saying(a_run.root, words_of(made, gone)) == {}
    assert [purge.entries[0].value for purge in optouts.ledger(a_run.root)] == ["owner1/thing", "owner2/thing"]
    assert_counted(a_run)


def test_others_wait_until_an_interrupted_purge_is_finished(a_run: RunDir) -> None:
    """They would go on with what was to go."""
    (a_run.root / "purge.pending").write_bytes(b"")
    done = run("run", "--run", "r", cwd=a_run.root.parent)
    assert (done.returncode, "purge was interrupted" in done.stderr) == (75, True)
