"""Run the sample stage as the command line does."""

from pathlib import Path
from typing import Any

from magicoder_gen.executors import AnyExecutor, Serial
from magicoder_gen.records import Seed
from magicoder_gen.sample import stage
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.storage import jsonl
from magicoder_gen.storage.rundir import RunDir, StageEntry
from magicoder_gen.storage.shards import Layout


class Seen:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.done: list[int] = []

    def update(self, done: int, total: int | None = None, *, in_flight: int = 0, cost: float | None = None) -> None:
        """Note what is done."""
        self.done.append(done)


def a_run(folder: Path, **layout: Any) -> RunDir:
    """A run directory below `folder`."""
    return RunDir(folder / "run", layout=Layout(**layout))


def sampled(
    options: SampleOptions, run: RunDir, *, rng_seed: int = 976, executor: AnyExecutor | None = None
) -> StageEntry:
    """Run the stage as the command line does."""
    inputs = options.inputs(rng_seed=rng_seed)
    with run.locked():
        return stage.run(options, run, inputs=inputs, rng_seed=rng_seed, executor=executor or Serial(), progress=Seen())


def seeds(run: RunDir) -> list[Seed]:
    """What lies on disk."""
    return list(jsonl.read_parts(run.folder("seeds"), Seed))
