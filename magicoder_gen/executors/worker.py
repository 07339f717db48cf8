"""What a worker process does: answer tasks, end with its parent. Also what Ray's workers run."""

import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from multiprocessing import connection, spawn
from queue import SimpleQueue
from types import ModuleType
from typing import Any

from magicoder_gen.errors import ConfigError, MagicoderError, TryLater

_functions: dict[bytes, Callable[[Any], Any]] = {}
_is_worker = False
_running_script = False
_UNGUARDED = (
    "executor: the function or a task is part of a script that does its work when it is imported; put the work under "
    '`if __name__ == "__main__":`, or choose executor.type: serial'
)


def serve(link: "connection.Connection[Any, Any]", function: bytes, main: dict[str, str]) -> None:
    """Be a worker: answer one task after the other until the other side hangs up or dies."""
    global _is_worker  # noqa: PLW0603  # a process is one for all its life
    _is_worker = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.set_inheritable(link.fileno(), False)
    sys.modules["__main__"] = ModuleType("__main__")  # nothing of the user's is to be found in what began us
    tasks: SimpleQueue[bytes] = SimpleQueue()
    try:
        threading.Thread(target=_receive, args=(link, tasks), daemon=True).start()
    except RuntimeError as error:
        link.recv_bytes()
        link.send_bytes(_failure(TryLater(f"a worker process: {error}; free processes and run the same command again")))
        return
    with suppress(OSError):  # nobody is left to listen
        while True:
            link.send_bytes(answer(function, tasks.get(), main))


def _receive(link: "connection.Connection[Any, Any]", tasks: SimpleQueue[bytes]) -> None:
    """Pass on the tasks; when there is no other side any more, also by a violent death, follow at once."""
    try:
        while True:
            tasks.put(link.recv_bytes())
    finally:
        os._exit(1)


def is_one() -> bool:
    """Whether this process is a worker; raise ConfigError if it runs the user's script to find a function."""
    if _running_script:
        raise ConfigError(_UNGUARDED)
    return _is_worker


def answer(function: bytes, task: bytes, main: dict[str, str] | None = None) -> bytes:
    """Return the outcome of a task: whether there is a result, and the result or the exception."""
    try:
        return pickle.dumps((True, _loaded(function, main)(_loads(task, main))))
    except BaseException as error:  # noqa: BLE001  # raised again where the result is awaited
        return _failure(error)


def _failure(error: BaseException) -> bytes:
    """Return the exception as an outcome, with what happened where it was raised unless its message says all."""
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
        if main is None or "__main__" not in str(error):
            raise
        if not main:
            raise ConfigError(f"executor: {error}; put it into a file, or choose executor.type: serial") from error
    _run_script(**main)
    return pickle.loads(pickled)  # noqa: S301


@cache
def _run_script(**main: str) -> None:
    """Make what the user's script defines known here, as multiprocessing does."""
    global _running_script  # noqa: PLW0603  # read by what the script calls
    _running_script = True
    try:
        spawn.prepare(main)
    except SystemExit as error:
        raise ConfigError(_UNGUARDED) from error
    finally:
        _running_script = False


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
