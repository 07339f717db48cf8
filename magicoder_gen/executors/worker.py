"""What a worker process does: answer tasks, end with its parent. Also what Ray's workers run."""

import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from multiprocessing import connection, spawn
from typing import Any

from magicoder_gen.errors import ConfigError, MagicoderError

_functions: dict[bytes, Callable[[Any], Any]] = {}
_running_script = False


def serve(tasks: "connection.Connection[Any, Any]", function: bytes, main: dict[str, str]) -> None:
    """Be a worker: answer one task after the other until the other side hangs up or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, OSError):
        while True:
            tasks.send_bytes(answer(function, tasks.recv_bytes(), main))


def _end_with_parent() -> None:
    """Wait for the parent's death, also a violent one, and follow at once."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)


def answer(function: bytes, task: bytes, main: dict[str, str] | None = None) -> bytes:
    """Return the outcome of a task: whether there is a result, and the result or the exception."""
    try:
        return pickle.dumps((True, _loaded(function, main)(_loads(task, main))))
    except BaseException as error:  # noqa: BLE001  # raised again where the result is awaited
        if not isinstance(error, MagicoderError):
            error.add_note(f"In a worker process:\n{traceback.format_exc()}")
        return pickle.dumps((False, _portable(error)))


def opened(answer: bytes) -> Any:
    """Return the result, or raise the exception, that `answer` packed."""
    succeeded, value = pickle.loads(answer)  # noqa: S301  # from our own worker
    if succeeded:
        return value
    raise value


def _loaded(function: bytes, main: dict[str, str] | None) -> Callable[[Any], Any]:
    """Return the function, unpickled once; a worker has one."""
    if function not in _functions:
        _functions.clear()
        _functions[function] = _loads(function, main)
    return _functions[function]


def _loads(pickled: bytes, main: dict[str, str] | None) -> Any:
    """Unpickle; only if something of the user's script is needed, run that as a module first."""
    try:
        return pickle.loads(pickled)  # noqa: S301  # from our own parent
    except AttributeError as error:
        if not main or "__main__" not in str(error):
            raise
        _run_script(**main)
        return pickle.loads(pickled)  # noqa: S301


@cache
def _run_script(**main: str) -> None:
    """Make what the user's script defines known here, as multiprocessing does."""
    global _running_script  # noqa: PLW0603  # read by what the script calls
    _running_script = True
    spawn.prepare(main)
    _running_script = False


def refuse_unguarded_script() -> None:
    """Raise ConfigError in a worker that runs the user's script to find a function, if the script works already."""
    if _running_script:
        raise ConfigError(
            "executor: the function is part of a script that does its work when it is imported; put the work under "
            '`if __name__ == "__main__":`, or choose executor.type: serial'
        )


def _portable(error: BaseException) -> BaseException:
    """Return the exception itself if it survives pickling, else one that says the same."""
    try:
        same = type(pickle.loads(pickle.dumps(error))) is type(error)  # noqa: S301
    except Exception:  # noqa: BLE001  # whatever a foreign exception's constructor raises
        same = False
    if same:
        return error
    stand_in = RuntimeError(f"{type(error).__qualname__}: {error}")
    stand_in.add_note("\n".join(getattr(error, "__notes__", ())))
    return stand_in
