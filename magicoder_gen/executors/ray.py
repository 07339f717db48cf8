"""The work shared by a Ray cluster."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from magicoder_gen.errors import ConfigError, TryLater
from magicoder_gen.executors import cores, order
from magicoder_gen.records import Block, Positive, Result, Task

RETRIES = 3  # of a task whose worker died


class Ray(Block, frozen=True):
    """Ray tasks share the work (`pip install "magicoder-gen[ray]"`), on this machine or on a cluster.

    `address` null starts Ray on this machine for the length of the run, without its dashboard; `workers` tasks run at
    a time (null = one per core that this process may use). "auto" joins the cluster that this machine belongs to, any
    other address that one; `workers` then limits how many tasks are under way, running or waiting (null = two per
    core of the cluster). A program that is connected to Ray already keeps its connection, whatever `address` says.
    Every machine needs the same versions of Python, Ray and magicoder-gen, and a corpus of files under the same
    paths. A task whose worker dies is done again, three times at most, then the run ends with exit code 75; for those
    that Ray's memory monitor kills, Ray's own limit counts (`task_oom_retries`; Ray's default is none). The results do
    not depend on who does the work. Of usage statistics, a Ray that is started here sends none.
    """

    address: str | None = None
    workers: Positive | None = None

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Generator[Result, None, None]:
        """Yield function(task) for each task, in order.

        Tasks are taken two per core ahead, of a cluster `workers`. Raises ConfigError if Ray, the cluster, or this
        package there is missing, TryLater if a task loses its worker again and again.
        """
        ray = _imported_ray()
        with self._connected(ray) as ahead:
            from ray import cloudpickle

            answer = ray.remote(max_retries=RETRIES)(_remote_answer())
            shipped = ray.put(cloudpickle.dumps(function))
            under_way: set[Any] = set()

            def submit(task: Task) -> Callable[[], Result]:
                reference = answer.remote(shipped, cloudpickle.dumps(task))
                under_way.add(reference)
                return partial(_fetched, ray, reference, under_way)

            try:
                yield from order.results(submit, tasks, ahead=ahead)
            finally:
                for reference in under_way:
                    ray.cancel(reference, force=True)

    @contextmanager
    def _connected(self, ray: ModuleType) -> Iterator[int]:
        """Join or start Ray and say how many tasks may be under way; end what was started."""
        if ray.is_initialized():
            yield self.workers or _ahead(ray)
            return
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        local = {"include_dashboard": False, "num_cpus": self.workers or cores.usable()} if self.address is None else {}
        with _signals_kept():
            try:
                ray.init(self.address or "local", log_to_driver=False, logging_level="ERROR", **local)
            except ConnectionError as error:
                raise ConfigError(
                    f"executor.address: no Ray cluster at {self.address!r} ({_last_line(error)}); "
                    "start one with `ray start`, or leave address out"
                ) from error
        try:
            yield _ahead(ray) if self.address is None else self.workers or _ahead(ray)
        finally:
            ray.shutdown()


def _imported_ray() -> ModuleType:
    try:
        import ray
    except ImportError as error:
        raise ConfigError('executor.type: ray needs a package: pip install "magicoder-gen[ray]"') from error
    module: ModuleType = ray
    return module


def _remote_answer() -> Callable[[bytes, bytes], bytes]:
    """Return worker.answer for a process that may not find our modules by itself; local, so sent by value."""
    paths = [str(Path(path).absolute()) for path in sys.path]

    def answer(function: bytes, task: bytes) -> bytes:
        import sys

        sys.path.extend(path for path in paths if path not in sys.path)
        from magicoder_gen.executors import worker

        return worker.answer(function, task)

    return answer


def _ahead(ray: Any) -> int:
    return 2 * max(1, int(ray.cluster_resources().get("CPU", 1)))


def _fetched(ray: Any, reference: Any, under_way: set[Any]) -> Any:
    """Wait for a task of Ray."""
    try:
        answer = ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise ConfigError(
            f"executor: Ray's workers cannot run this program ({_last_line(error)}); "
            "install this version of magicoder-gen on every machine of the cluster"
        ) from error
    except ray.exceptions.RayError as error:
        raise TryLater(
            f"a worker process was killed {RETRIES + 1} times at the same task (last: {type(error).__name__}), "
            "probably for want of memory; "
            "set executor.workers lower and run the same command again"
        ) from error
    finally:
        under_way.discard(reference)
    from magicoder_gen.executors import worker

    return worker.opened(answer)


def _last_line(error: Exception) -> str:
    return str(error).rstrip().rpartition("\n")[2]


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Put back the handlers that Ray replaces."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    handlers = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in handlers.items():
                signal.signal(number, handler)
