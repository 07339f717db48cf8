"""Executors: complete, in order, lazy, and nothing is left behind."""

import inspect
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import jobs
import pytest
from command import ROOT, wait_for

from magicoder_gen import errors
from magicoder_gen.errors import CorruptData, Interrupted, MagicoderError, TryLater
from magicoder_gen.executors import AnyExecutor, Processes, Serial
from magicoder_gen.storage.rundir import RunDir

TWO = Processes(workers=2)
both = pytest.mark.parametrize("executor", [Serial(), Processes(workers=1), TWO], ids=["serial", "one", "two"])


@both
def test_results_come_in_order(executor: AnyExecutor) -> None:
    """One result per task, in the order of the tasks, also for none."""
    assert list(executor.map(jobs.square, range(50))) == [n * n for n in range(50)]
    assert list(executor.map(jobs.square, [])) == []
    assert not multiprocessing.active_children()


def test_tasks_and_results_may_be_large() -> None:
    """Larger than a pipe's buffer on both ways at once."""
    tasks = [bytes([n]) * 1_000_000 for n in range(12)]
    assert list(TWO.map(bytes.hex, tasks)) == [task.hex() for task in tasks]


@both
def test_tasks_are_taken_a_few_ahead(executor: AnyExecutor) -> None:
    """Never more than twice as many as there are workers, so that tasks may depend on results."""
    seen = 0

    def tasks() -> Iterator[int]:
        for n in range(40):
            assert n - seen <= 4
            yield n

    for result in executor.map(jobs.square, tasks()):
        assert result == seen * seen
        seen += 1
    assert seen == 40


def test_a_single_task_starts_no_process() -> None:
    """Starting one takes longer than most single tasks."""
    assert list(TWO.map(jobs.process_id, ["only"])) == [os.getpid()]


def test_the_work_is_shared(tmp_path: Path) -> None:
    """Two other processes take part, and no more: the first two tasks end when both have begun."""
    workers = list(TWO.map(jobs.meet, [tmp_path] * 20))
    assert workers[0] != workers[1]
    assert set(workers) == set(workers[:2])
    assert os.getpid() not in workers


def test_a_killed_worker_changes_nothing(tmp_path: Path) -> None:
    """Its task is done again, the others' results are unharmed; twice, too."""
    killed = jobs.Killed(tmp_path / "marker", times=2)
    tasks: list[int | jobs.Killed] = [0, 1, killed, 3, 4, 5, 6, 7]
    assert list(TWO.map(jobs.suffer, tasks)) == [0, 1, -1, 3, 4, 5, 6, 7]
    assert killed.marker.read_text().count("\n") == 3


def test_a_task_that_always_kills_its_worker_is_given_up(tmp_path: Path) -> None:
    """The third time is the last; results before it come out, and the line says what to do."""
    killed = jobs.Killed(tmp_path / "marker", times=99)
    results = TWO.map(jobs.suffer, [0, 1, killed, *range(100)])
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(TryLater, match=r"killed 3 times .*signal 9.* memory; set executor\.workers lower"):
        next(results)
    assert killed.marker.read_text().count("\n") == 3
    assert not multiprocessing.active_children()


@both
def test_an_exception_comes_out_in_its_place(executor: AnyExecutor) -> None:
    """Results before it come first, and it is the one that was raised."""
    results = executor.map(jobs.fail, range(9))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(CorruptData, match=r"^three is damaged$"):
        next(results)
    assert not multiprocessing.active_children()


def test_what_cannot_be_sent_is_told_all_the_same() -> None:
    """An exception that cannot be unpickled, and a result that cannot be pickled, say so."""
    with pytest.raises(RuntimeError, match="Awkward: 5 and 5"):
        list(TWO.map(jobs.fail, [5, 6]))
    with pytest.raises((AttributeError, pickle.PicklingError), match="lambda"):
        list(TWO.map(jobs.unpicklable, [1, 2]))


@both
def test_an_exception_of_the_tasks_comes_behind_their_results(executor: AnyExecutor) -> None:
    """A corpus that ends in an error has given what came before."""

    def tasks() -> Iterator[int]:
        yield from range(3)
        raise CorruptData("no more")

    results = executor.map(jobs.square, tasks())
    assert [next(results) for _ in range(3)] == [0, 1, 4]
    with pytest.raises(CorruptData, match="no more"):
        next(results)


def test_closing_early_ends_busy_workers(tmp_path: Path) -> None:
    """Nobody waits for work that is no longer wanted."""
    tasks: list[Any] = [tmp_path / "absent", *[tmp_path] * 5]
    with closing(TWO.map(jobs.linger_but_for_absent, tasks)) as results:
        assert next(results) is None
        wait_for(lambda: len(list(tmp_path.iterdir())) == 2)
    assert not multiprocessing.active_children()
    assert gone(tmp_path)


def test_a_worker_may_use_a_serial_pool_only() -> None:
    """A worker that asks for processes does the work itself; they would outlive it."""
    assert list(TWO.map(jobs.nested, [3, 4])) == [[0, 1, 4], [0, 1, 4, 9]]


def test_every_error_survives_the_way_between_processes() -> None:
    """Type, message and exit code."""
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, MagicoderError)]
    for error in [Interrupted(2), Interrupted(15), *(kind("a line") for kind in kinds if kind is not Interrupted)]:
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
        assert (type(copy), str(copy), copy.exit_code) == (type(error), str(error), error.exit_code)


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


LINGERING = """
    from pathlib import Path
    import jobs
    from magicoder_gen.executors import Processes
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


def test_a_script_needs_no_guard(tmp_path: Path) -> None:
    """Workers do not run it again; and closed standard streams hurt nobody."""
    program = """
        import os, sys
        print("once", file=sys.stderr)
        os.close(0)
        os.close(1)
        import jobs
        from magicoder_gen.executors import Processes
        assert list(Processes(workers=2).map(jobs.square, range(9))) == [n * n for n in range(9)]
    """
    assert finished(started(program, tmp_path)) == (0, "", "once\n")


def test_a_script_may_hold_the_function_if_it_is_guarded(tmp_path: Path) -> None:
    """As with multiprocessing; one that is not guarded is told so."""
    program = """
        from magicoder_gen.executors import Processes
        def negative(n):
            return -n
        if {guard}:
            print(list(Processes(workers=2).map(negative, range(3))))
    """
    guarded = program.format(guard='__name__ == "__main__"')
    assert finished(started(guarded, tmp_path)) == (0, "[0, -1, -2]\n", "")
    code, out, err = finished(started(program.format(guard="True"), tmp_path))
    assert (code, out) == (1, "")
    assert "put the work under `if __name__" in err


def test_a_long_temporary_folder_does_no_harm(tmp_path: Path) -> None:
    """A Unix socket's path may not have more than some hundred bytes."""
    long = tmp_path / ("x" * 100)
    long.mkdir()
    program = """
        import jobs
        from magicoder_gen.executors import Processes
        print(list(Processes(workers=2).map(jobs.square, range(3))))
    """
    assert finished(started(program, tmp_path, TMPDIR=str(long))) == (0, "[0, 1, 4]\n", "")


def started(program: str, folder: Path, **environment: str) -> "subprocess.Popen[str]":
    """A script of its own, leader of its process group, run in `folder`."""
    script = folder / "script.py"
    script.write_text(textwrap.dedent(program))
    paths = os.pathsep.join([ROOT, f"{ROOT}/tests"])
    return subprocess.Popen(
        [sys.executable, str(script)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finished(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Exit code, stdout and stderr, when all who could write to them have ended."""
    with process:
        out, err = process.communicate(timeout=50)
    return process.returncode, out, err


def gone(folder: Path) -> bool:
    """Whether every worker that left its mark in the folder has ended."""
    return not any(alive(int(path.name.removeprefix("worker-"))) for path in folder.glob("worker-*"))


def alive(process: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def group(leader: int) -> bool:
    """Whether the leader's process group has a member."""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True
