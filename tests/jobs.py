"""Functions that workers run; workers import this module by its name."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from magicoder_gen.errors import CorruptData
from magicoder_gen.executors import Processes


class Killed(NamedTuple):
    """A task that kills its worker until `marker` holds that many lines."""

    marker: Path
    times: int


class Awkward(Exception):
    """Cannot be unpickled from its arguments."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def square(number: int) -> int:
    """Return what needs no explanation."""
    return number * number


def process_id(_task: object) -> int:
    """Return who did it."""
    return os.getpid()


def meet(folder: Path) -> int:
    """Return who did it, when another process has come to the folder too; within half a minute."""
    (folder / str(os.getpid())).touch()
    for _ in range(600):
        if len(list(folder.iterdir())) > 1:
            break
        time.sleep(0.05)
    return os.getpid()


def suffer(task: int | Killed) -> int:
    """Return the number, or be killed as often as the task says and then return -1."""
    if not isinstance(task, Killed):
        return task
    with task.marker.open("a") as file:
        file.write("killed\n")
    if task.marker.read_text().count("\n") <= task.times:
        os.kill(os.getpid(), signal.SIGKILL)
    return -1


def leave_a_child(task: Killed) -> int:
    """Be killed as `suffer` is, but leave a child that keeps all files open and takes its number as its mark."""
    if task.times and not task.marker.exists() and not os.fork():
        (task.marker.parent / f"worker-{os.getpid()}").touch()
        time.sleep(60)
        os._exit(0)
    return suffer(task)


def fail(number: int) -> int:
    """Refuse the number 3, and 5 in a way that cannot be told."""
    if number == 3:
        raise CorruptData("three is damaged")
    if number == 5:
        raise Awkward(5, 5)
    return number


def unpicklable(number: int) -> Callable[[], int]:
    """Return what no process can send."""
    return lambda: number


def linger(folder: Path) -> None:
    """Say who we are, then work for a long time."""
    (folder / f"worker-{os.getpid()}").touch()
    time.sleep(60)


def linger_but_for_absent(folder: Path) -> None:
    """Linger, unless there is no such folder."""
    if folder.name != "absent":
        linger(folder)


def nested(number: int) -> list[int]:
    """Return squares, asking for workers in a worker."""
    return list(Processes(workers=2).map(square, range(number)))
