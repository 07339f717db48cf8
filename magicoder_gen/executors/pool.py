"""Processes that work for this one, and are replaced when they die."""

import multiprocessing
import os
import pickle
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from multiprocessing import resource_tracker, spawn
from multiprocessing.connection import Connection
from queue import SimpleQueue
from types import ModuleType
from typing import Any

from magicoder_gen.errors import TryLater
from magicoder_gen.executors import worker

ATTEMPTS = 3  # a task that loses its worker this often is given up
_SOCKET_PATH = 70  # bytes of a temporary folder's name that leave room for a Unix socket's (103 on macOS)
_starting = threading.Lock()


def is_possible() -> bool:
    """Whether this process may have children; raise ConfigError if it is a worker that runs the user's script."""
    worker.refuse_unguarded_script()
    return not multiprocessing.current_process().daemon


class Pool:
    """Worker processes, each driven by a thread that gives it one task at a time.

    So it is known which task a killed worker was at, and nothing else has to be done again. The pool of the standard
    library only knows that it is broken.
    """

    def __init__(self, function: Callable[[Any], Any], workers: int) -> None:
        self._function = function
        self._shipped = pickle.dumps(function)
        self._workers = workers
        self._submitted = 0
        self._queue: SimpleQueue[tuple[Any, Future[Any]] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._processes: set[Any] = set()
        self._closed = False

    def submit(self, task: Any) -> Callable[[], Any]:
        """Have the task done; return what waits for its result. Workers start with the second task."""
        future: Future[Any] = Future()
        self._queue.put((task, future))
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
        """End all workers, whatever they are doing."""
        with _starting:
            self._closed = True
            for process in self._processes:
                process.kill()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _drive(self) -> None:
        """Give tasks to one worker until there are no more."""
        resource_tracker.ensure_running()  # now, since it unblocks what the next line blocks
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # workers inherit it: Ctrl-C is this process's
        process = _Worker(self._launch)
        while (work := self._queue.get()) is not None and not self._closed:
            task, future = work
            try:
                future.set_result(worker.opened(process.answer(pickle.dumps(task))))
            except BaseException as error:  # noqa: BLE001  # raised again where the result is awaited
                future.set_exception(error)
        process.end()

    def _launch(self) -> tuple[Any, "Connection[Any, Any]"]:
        """Start a worker; one at a time, and none once the pool is closed."""
        ours, theirs = multiprocessing.Pipe()
        context = _context()
        with _starting:
            if self._closed:
                raise TryLater("the work was stopped")
            _occupy_standard_streams()
            main = spawn.get_preparation_data("main")
            arguments = (theirs, self._shipped, {key: main[key] for key in main if key.startswith("init_main")})
            process = context.Process(target=worker.serve, args=arguments, daemon=True)
            with _main_hidden():
                process.start()
            theirs.close()
            self._processes.add(process)
        return process, ours


class _Worker:
    """A process that is replaced when it dies."""

    def __init__(self, launch: Callable[[], tuple[Any, "Connection[Any, Any]"]]) -> None:
        self._launch = launch
        self._process: Any = None
        self._connection: Connection[Any, Any] | None = None

    def answer(self, task: bytes) -> bytes:
        """Return the outcome of the task; raise TryLater if no worker lives long enough."""
        cause = ""
        for _ in range(ATTEMPTS):
            try:
                if self._connection is None:
                    self._process, self._connection = self._launch()
                self._connection.send_bytes(task)
                return self._connection.recv_bytes()
            except (EOFError, OSError) as error:
                cause = self.end() or str(error)
        raise TryLater(
            f"a worker process was killed {ATTEMPTS} times at the same task (last: {cause}), probably for want of "
            "memory; set executor.workers lower, or executor.type to serial, and run the same command again"
        )

    def end(self) -> str:
        """Wait for the process, which is dead or dying; return how it ended."""
        if self._connection is None:
            return ""
        self._connection.close()
        self._connection = None
        self._process.join()
        code = self._process.exitcode
        return f"signal {-code}" if code < 0 else f"exit code {code}"


def _context() -> Any:
    """Return the way to start workers: forked from a small server, where its socket's path is not too long."""
    forks = "forkserver" in multiprocessing.get_all_start_methods()
    fits = len(os.fsencode(tempfile.gettempdir())) <= _SOCKET_PATH
    return multiprocessing.get_context("forkserver" if forks and fits else "spawn")


def _occupy_standard_streams() -> None:
    """Keep 0, 1 and 2 from becoming pipes to a worker, which takes them for its own streams, if they were closed."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004  # stderr
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


@contextmanager
def _main_hidden() -> Iterator[None]:
    """Keep a starting process from running the user's script again, which may not be guarded against that."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
