"""One writer, a manifest that can be trusted, and nothing lost by asking twice."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from magicoder_gen.errors import CannotCreate, CorruptData, TryLater
from magicoder_gen.records import Counts
from magicoder_gen.storage import rundir
from magicoder_gen.storage.rundir import RunDir, heartbeat
from magicoder_gen.storage.shards import write_parts


def test_a_second_writer_is_told_who_holds_the_run(tmp_path: Path) -> None:
    """At once, with the process id; after the first is gone, even killed, the way is free."""
    holder = (
        "import sys, time; from pathlib import Path; from magicoder_gen.storage.rundir import RunDir\n"
        "with RunDir(Path(sys.argv[1])).locked():\n  print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", holder, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(TryLater, match=f"in use by pid {process.pid}"), RunDir(tmp_path).locked():
            pass
        assert RunDir(tmp_path).is_locked()
        process.kill()
    with RunDir(tmp_path).locked():
        pass
    assert not RunDir(tmp_path).is_locked()


def test_a_child_does_not_inherit_the_lock(tmp_path: Path) -> None:
    """An orphan would keep the run locked for ever."""
    with RunDir(tmp_path).locked():
        RunDir(tmp_path).begin("sample", {})
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        assert not RunDir(tmp_path).is_locked()
    finally:
        child.kill()
        child.wait()


def test_a_stage_is_complete_only_with_its_inputs_and_its_files(tmp_path: Path) -> None:
    """Other inputs, a missing part, or a part of another size mean: do it again."""
    run = RunDir(tmp_path)
    run.begin("sample", {"num": 1})
    assert not run.is_complete("sample", {"num": 1})
    parts = write_parts(run.folder("seeds"), ["a"], run.layout)
    run.finish("sample", state="complete", counts=Counts(1, 1, {}), parts={"seeds": parts}, seconds=2.0)
    assert run.is_complete("sample", {"num": 1})
    assert not run.is_complete("sample", {"num": 2})
    (run.folder("seeds") / parts[0].name).write_bytes(b"")
    assert not run.is_complete("sample", {"num": 1})


def test_seconds_add_up_over_commands(tmp_path: Path) -> None:
    """Also where a run has grown meanwhile."""
    run = RunDir(tmp_path)
    for inputs, total in (({"a": 1}, 2.0), ({"a": 1}, 4.0), ({"a": 2}, 6.0)):
        run.begin("generate", inputs)
        entry = run.finish("generate", state="partial", counts=Counts(0, 0, {}), parts={}, seconds=2.0)
        assert entry.seconds == total


def test_where_nothing_began_nothing_is_left(tmp_path: Path) -> None:
    """Neither lock nor heartbeat nor the folders made for them; what was there before stays."""
    run = RunDir(tmp_path / "runs" / "c")
    with pytest.raises(CorruptData), run.locked():
        run.beat(heartbeat("sample", 0, None, in_flight=0, cost=None, progressed=0.0))
        raise CorruptData("refused")
    assert list(tmp_path.iterdir()) == []
    run.root.mkdir(parents=True)
    (run.root / "mine.txt").touch()
    with run.locked():
        pass
    assert [path.name for path in run.root.iterdir()] == ["mine.txt"]
    with run.locked():
        run.begin("sample", {})
    assert (run.root / "run.lock").exists()


def test_a_lock_that_was_removed_is_no_lock(tmp_path: Path) -> None:
    """Who opened the file before it was removed must not write beside who made a new one."""
    path = tmp_path / "run.lock"
    with path.open("a+") as file:
        assert rundir._is_at(path, file)
        path.unlink()
        assert not rundir._is_at(path, file)
        path.touch()
        assert not rundir._is_at(path, file)


def test_what_we_depend_on_is_in_the_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the installed package declares it, without what only its developers need and what is not here."""
    installed = tmp_path / "magicoder_gen-0.dist-info"
    installed.mkdir()
    needs = ("msgspec>=0.20", "xxhash", "nowhere-to-be-found; extra == 'local'", 'pytest>=9; extra == "dev"')
    lines = [
        "Metadata-Version: 2.4",
        "Name: magicoder-gen",
        "Version: 0",
        *(f"Requires-Dist: {need}" for need in needs),
    ]
    (installed / "METADATA").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    run = RunDir(tmp_path / "run")
    run.begin("sample", {})
    entry = run.finish("sample", state="complete", counts=Counts(0, 0, {}), parts={}, seconds=0.0)
    assert entry.versions.keys() == {"magicoder-gen", "python", "msgspec", "xxhash"}
    assert entry.versions["msgspec"] == msgspec.__version__


def test_the_configuration_is_kept_when_a_stage_begins(tmp_path: Path) -> None:
    """Not before: what never worked is not kept."""
    run = RunDir(tmp_path, config={"sample": {"num": 1}})
    assert not run.config_path.exists()
    run.begin("sample", {})
    assert "num: 1" in run.config_path.read_text()


def test_a_damaged_manifest_is_named(tmp_path: Path) -> None:
    """With what to do about it."""
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(CorruptData, match=r"manifest\.json.*delete it"):
        RunDir(tmp_path).stages()


def test_a_run_directory_that_cannot_be(tmp_path: Path) -> None:
    """A file stands in its way."""
    (tmp_path / "file").touch()
    with pytest.raises(CannotCreate, match="choose a place"), RunDir(tmp_path / "file" / "run").locked():
        pass
