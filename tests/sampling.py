"""Run the sample stage as the command line does."""

from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

from magicoder_gen.executors import Serial
from magicoder_gen.records import Executor, Result, Seed, Task, Traffic
from magicoder_gen.sample import stage
from magicoder_gen.sample.corpora.tables import Tables
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.storage import jsonl
from magicoder_gen.storage.rundir import RunDir, StageEntry
from magicoder_gen.storage.shards import Layout


class Seen:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.done: list[int] = []

    def update(
        self, done: int, total: int | None = None, *, in_flight: int = 0, traffic: Traffic | None = None
    ) -> None:
        """Note what is done."""
        self.done.append(done)


class Watched:
    """Does the work in this process, counts the tasks, and is interrupted before task number `stop` (None = never)."""

    def __init__(self, *, stop: int | None = None) -> None:
        self.tasks = 0
        self._stop = stop

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Generator[Result, None, None]:
        """Yield function(task) for each task, in order."""
        for task in tasks:
            if self.tasks == self._stop:
                raise KeyboardInterrupt
            self.tasks += 1
            yield function(task)


class Blocked(Watched):
    """Lets nothing be written to a path: a folder is there from the first task on."""

    def __init__(self, path: Path, *, stop: int) -> None:
        super().__init__(stop=stop)
        self._path = path

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Generator[Result, None, None]:
        """Yield function(task) for each task, in order."""
        self._path.mkdir(parents=True, exist_ok=True)
        yield from super().map(function, tasks)


def of_tables(paths: list[Path], **options: Any) -> SampleOptions:
    """Seeds from tables with the columns `lang` and `repo`."""
    return SampleOptions(corpora=(Tables(paths=tuple(paths), language_column="lang", repo="repo"),), **options)


def a_run(folder: Path, **layout: Any) -> RunDir:
    """A run directory below `folder`."""
    return RunDir(folder / "run", layout=Layout(**layout))


def sampled(
    options: SampleOptions,
    run: RunDir,
    *,
    rng_seed: int = 976,
    executor: Executor | None = None,
    progress: Seen | None = None,
) -> StageEntry:
    """Run the stage as the command line does."""
    inputs = options.inputs(rng_seed=rng_seed)
    with run.locked():
        return stage.run(
            options,
            run,
            inputs=inputs,
            rng_seed=rng_seed,
            executor=executor or Serial(),
            progress=progress or Seen(),
        )


def seeds(run: RunDir) -> list[Seed]:
    """What lies on disk."""
    return list(jsonl.read_parts(run.folder("seeds"), Seed))
