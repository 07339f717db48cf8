"""Processes that work for this one, and are replaced when they die."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from multiprocessing import Pipe
from queue import SimpleQueue
from typing import Any

from magicoder_gen.errors import TryLater, of_the_machine
from magicoder_gen.executors import worker

ATTEMPTS = 3  # a task that loses its worker this often is given up
PATIENCE = 5.0  # seconds; what has not ended so long after it was killed never will
# -P: no module of the folder we stand in is taken for one of Python's own before the path is set.
_BEGIN = """
import sys
from multiprocessing.connection import Connection
link = Connection(int(sys.argv[1]))
try:
    sys.path[:], function, main = link.recv()
except (EOFError, OSError):  # the work was stopped before it began
    sys.exit()
from magicoder_gen.executors import worker
worker.serve(link, function, main)
"""


class Pool:
    """Worker processes, each driven by a thread that gives it one task at a time.

    So it is known which task a killed worker was at, and nothing else has to be done again. The pool of the standard
    library only knows that it is broken. Nor are the workers its processes: those take the user's script along, run
    it again, and are forked by a server of their own, which may be stopped or refused by the machine out of our sight.
    """

    def __init__(self, function: Callable[[Any], Any], workers: int) -> None:
        self._function = function
        self._shipped = pickle.dumps(function)
        self._workers = workers
        self._submitted = 0
        self._queue: SimpleQueue[tuple[bytes, Future[Any]] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._processes: list[_Worker] = []
        self._closed = False
        _occupy_standard_streams()

    def submit(self, task: Any) -> Callable[[], Any]:
        """Have the task done; return what waits for its result. Workers start with the second task."""
        future: Future[Any] = Future()
        self._queue.put((pickle.dumps(task), future))
        self._submitted += 1
        while 1 < self._submitted > len(self._threads) < self._workers:
            thread = threading.Thread(target=self._drive, name="magicoder-gen worker", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                raise TryLater(f"{error}; free memory or processes and run the same command again") from error
            self._threads.append(thread)
        return partial(self._result, task, future)

    def _result(self, task: Any, future: Future[Any]) -> Any:
        return future.result() if self._threads else self._function(task)

    def close(self) -> None:
        """End all workers, whatever they are doing, within `PATIENCE`."""
        self._closed = True
        for process in list(self._processes):
            process.kill()
        for _ in self._threads:
            self._queue.put(None)
        deadline = time.monotonic() + PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _drive(self) -> None:
        """Give tasks to one worker until there are no more; each ends in a result or an exception."""
        process: _Worker | None = None
        while (work := self._queue.get()) is not None and not self._closed:
            task, future = work
            try:
                process, answer = self._answer(process, task)
                future.set_result(worker.opened(answer))
            except BaseException as error:  # noqa: BLE001  # raised again where the result is awaited
                future.set_exception(error)
        if process:
            process.end()

    def _answer(self, process: "_Worker | None", task: bytes) -> tuple["_Worker", bytes]:
        """Return who did the task, and its outcome; raise TryLater if no worker lives long enough, or can start."""
        cause = ""
        for _ in range(ATTEMPTS):
            process = process or self._launch()
            try:
                return process, process.answer(task)
            except (EOFError, OSError):
                cause = process.end()
                self._processes.remove(process)
                process = None
        raise TryLater(
            f"a worker process was killed {ATTEMPTS} times at the same task (last: {cause}), probably for want of "
            "memory; set executor.workers lower, or executor.type to serial, and run the same command again"
        )

    def _launch(self) -> "_Worker":
        """Start a worker, but none that outlives the pool."""
        try:
            process = _Worker(self._shipped)
        except OSError as error:
            where = "a worker process cannot be started: "
            unknown = TryLater(f"{where}{error}; choose executor.type: serial and run the same command again")
            raise of_the_machine(error, where) or unknown from error
        self._processes.append(process)
        if self._closed:  # asked behind the line above: `close` does it in the other order
            process.kill()
        return process


class _Worker:
    """A process that answers tasks; raises OSError if the machine has no more of them."""

    def __init__(self, function: bytes) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # it inherits that: Ctrl-C is this process's
        self._link, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  # ourselves
                [sys.executable, *_flags(), "-P", "-c", _BEGIN, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={"ARROW_DEFAULT_MEMORY_POOL": "system", **os.environ},  # arrow's own keeps what was freed: 30 MB
            )
        self._greeting: tuple[list[str], bytes, dict[str, str]] | None = (sys.path, function, _main())

    def answer(self, task: bytes) -> bytes:
        """Return the outcome of the task; raise EOFError or OSError if the process is dead."""
        if self._greeting:
            self._link.send(self._greeting)
            self._greeting = None
        self._link.send_bytes(task)
        while not self._link.poll(1.0):  # seconds: a child of the dead may keep the link open
            if self._process.poll() is not None and not self._link.poll():
                raise EOFError
        return self._link.recv_bytes()

    def kill(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()

    def end(self) -> str:
        """End it, if it is not dead; return how it ended."""
        self._link.close()
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        code = self._process.returncode or 0
        return f"signal {-code}" if code < 0 else f"exit code {code}"


def _flags() -> list[str]:
    """Return the options that this interpreter was started with, as `multiprocessing` does for its processes."""
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # noqa: SLF001
    return flags


def _main() -> dict[str, str]:
    """Return how a worker finds the user's script: by module name, or by path; empty if it is no file."""
    main = sys.modules["__main__"]
    if spec := getattr(main, "__spec__", None):
        return {"init_main_from_name": spec.name}
    path = getattr(main, "__file__", None)
    return {"init_main_from_path": os.path.abspath(path)} if path else {}  # noqa: PTH100  # a link keeps its name


def _occupy_standard_streams() -> None:
    """Keep 0, 1 and 2 from becoming pipes to a worker, which takes them for its own streams, if they were closed."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004  # stderr
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
