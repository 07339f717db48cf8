"""Workers: as many as asked for, replaced when they die, gone when nobody needs them."""

import os
import signal
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import jobs
import pytest
from command import wait_for
from programs import alive, finished, gone, group, started, workers

from magicoder_gen.errors import TryLater
from magicoder_gen.executors import Processes
from magicoder_gen.storage.rundir import RunDir

TWO = Processes(workers=2)


def test_a_single_task_starts_no_process() -> None:
    """Starting one takes longer than most single tasks."""
    assert list(TWO.map(jobs.process_id, ["only"])) == [os.getpid()]


def test_the_work_is_shared(tmp_path: Path) -> None:
    """Two other processes take part, and no more: the first two tasks end when both have begun."""
    found = list(TWO.map(jobs.meet, [tmp_path] * 20))
    assert found[0] != found[1]
    assert set(found) == set(found[:2])
    assert os.getpid() not in found


def test_a_killed_worker_changes_nothing(tmp_path: Path) -> None:
    """Its task is done again, the others' results are unharmed; twice, too."""
    killed = jobs.Killed(tmp_path / "marker", times=2)
    tasks: list[int | jobs.Killed] = [0, 1, killed, 3, 4, 5, 6, 7]
    assert list(TWO.map(jobs.suffer, tasks)) == [0, 1, -1, 3, 4, 5, 6, 7]
    assert killed.marker.read_text().count("\n") == 3


def test_a_killed_worker_is_noticed_though_its_child_lives(tmp_path: Path) -> None:
    """What the child inherited looks like a worker that is busy."""
    killed = jobs.Killed(tmp_path / "marker", times=1)
    harmless = jobs.Killed(tmp_path / "other", times=0)
    assert list(TWO.map(jobs.leave_a_child, [harmless, killed, harmless])) == [-1, -1, -1]
    (child,) = (int(path.name.removeprefix("worker-")) for path in tmp_path.glob("worker-*"))
    assert alive(child)
    os.kill(child, signal.SIGKILL)


def test_a_task_that_always_kills_its_worker_is_given_up(tmp_path: Path) -> None:
    """The third time is the last; results before it come out, and the line says what to do."""
    killed = jobs.Killed(tmp_path / "marker", times=99)
    results = TWO.map(jobs.suffer, [0, 1, killed, *range(100)])
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(TryLater, match=r"killed 3 times .*signal 9.* memory; set executor\.workers lower"):
        next(results)
    assert killed.marker.read_text().count("\n") == 3
    assert not workers()


def test_closing_early_ends_busy_workers(tmp_path: Path) -> None:
    """Nobody waits for work that is no longer wanted."""
    tasks: list[Any] = [tmp_path / "absent", *[tmp_path] * 5]
    with closing(TWO.map(jobs.linger_but_for_absent, tasks)) as results:
        assert next(results) is None
        wait_for(lambda: len(list(tmp_path.iterdir())) == 2)
    assert not workers()
    assert gone(tmp_path)


def test_closing_ends_stopped_workers(tmp_path: Path) -> None:
    """Who was suspended cannot say goodbye."""
    with closing(TWO.map(jobs.linger_but_for_absent, [tmp_path / "absent", *[tmp_path] * 5])) as results:
        next(results)
        wait_for(lambda: len(workers()) == 2)
        for process in workers():
            os.kill(process, signal.SIGSTOP)
    assert not workers()


@pytest.mark.parametrize("handles", range(1, 6))
def test_a_machine_without_resources_is_told_so(tmp_path: Path, handles: int) -> None:
    """Not that a worker was killed: none ran. Wherever the handles give out, the system's reason is in the line."""
    program = """
        import os, resource
        import jobs
        from magicoder_gen.errors import MagicoderError
        from magicoder_gen.executors import Processes
        lowest = os.dup(0)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + {handles}, lowest + {handles}))
        os.close(lowest)
        try:
            print(list(Processes(workers=2).map(jobs.square, range(3))))
        except MagicoderError as error:
            print(type(error).__name__, error.exit_code, error)
    """
    code, out, err = finished(started(program.format(handles=handles), tmp_path))
    assert (code, err) == (0, "")
    told = (
        "TryLater 75 a worker process cannot be started: Too many open files; free file handles, processes or memory "
        "and run the same command again\n"
    )
    assert out == told


def test_an_interpreter_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever keeps workers from starting, it is told once, with what to do."""
    monkeypatch.setattr("sys.executable", str(tmp_path / "gone"))
    with pytest.raises(TryLater, match=r"cannot be started: .*No such file .*gone'; choose executor\.type: serial"):
        list(TWO.map(jobs.square, range(3)))


def test_a_worker_may_use_a_serial_pool_only() -> None:
    """A worker that asks for processes does the work itself; they would outlive it."""
    assert list(TWO.map(jobs.nested, [3, 4])) == [[0, 1, 4], [0, 1, 4, 9]]


def test_workers_do_not_keep_the_run_locked(tmp_path: Path) -> None:
    """The lock ends with its holder, though the server that forks workers was started meanwhile."""
    program = """
        from pathlib import Path
        import jobs, os
        from magicoder_gen.executors import Processes
        from magicoder_gen.storage.rundir import RunDir
        with RunDir(Path("run")).locked():
            results = Processes(workers=2).map(jobs.linger_but_for_absent, [Path("absent"), *[Path()] * 4])
            next(results)
            os.kill(os.getpid(), 9)
    """
    assert finished(started(program, tmp_path))[0] == -signal.SIGKILL
    assert not RunDir(tmp_path / "run").is_locked()
    wait_for(lambda: gone(tmp_path))


# `pool` is imported at once: an interruption that strikes within an import may be lost in Python's own import locks.
LINGERING = """
    from pathlib import Path
    import jobs
    from magicoder_gen.executors import Processes, pool
    try:
        list(Processes(workers=2).map(jobs.linger, [Path()] * 4))
    except KeyboardInterrupt:
        raise SystemExit(130)
"""


def test_ctrl_c_ends_all_without_a_word(tmp_path: Path) -> None:
    """The terminal signals the whole group; the workers leave the answer to us, and are gone when we are."""
    process = started(LINGERING, tmp_path)
    wait_for(lambda: len(list(tmp_path.glob("worker-*"))) == 2)
    os.killpg(process.pid, signal.SIGINT)
    assert finished(process) == (130, "", "")
    assert gone(tmp_path)


def test_ctrl_c_while_workers_start_is_as_quiet(tmp_path: Path) -> None:
    """At no moment do they print a traceback."""
    processes = []
    for n in range(4):
        folder = tmp_path / str(n)
        folder.mkdir()
        processes.append(started(LINGERING.replace("try:", 'try:\n        print("on", flush=True)'), folder))
        assert processes[-1].stdout is not None
        assert processes[-1].stdout.readline() == "on\n"
        time.sleep(0.05 * n)
        os.killpg(processes[-1].pid, signal.SIGINT)
    assert [finished(process) for process in processes] == [(130, "", "")] * 4


def test_workers_do_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    """Also busy ones, and the server that forked them."""
    process = started(LINGERING, tmp_path)
    wait_for(lambda: len(list(tmp_path.glob("worker-*"))) == 2)
    process.kill()
    assert finished(process)[0] == -signal.SIGKILL
    wait_for(lambda: gone(tmp_path) and not group(process.pid))
