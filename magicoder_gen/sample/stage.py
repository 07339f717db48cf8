"""Stage 1: documents of the corpora to seeds/."""

import time
from typing import Any

from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Executor, Progress
from magicoder_gen.sample.checkpoint import Checkpoint
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.published import Published
from magicoder_gen.sample.scanned import Scanned
from magicoder_gen.sample.strategies.paper_lines import PaperLines
from magicoder_gen.storage.rundir import RunDir, StageEntry
from magicoder_gen.storage.shards import ShardWriter


def run(
    options: SampleOptions,
    run: RunDir,
    *,
    inputs: dict[str, Any],
    rng_seed: int,
    executor: Executor,
    progress: Progress,
) -> StageEntry:
    """Write seeds/ and return what the manifest says of it; raise PoorYield after that if there is no seed."""
    began = time.monotonic()
    run.begin("sample", inputs)
    checkpoint = Checkpoint(run.folder("seeds") / "scan.progress", digest(inputs))
    source: Scanned | Published
    if isinstance(options.strategy, PaperLines):
        source = Published(options, options.strategy, rng_seed=rng_seed, executor=executor, progress=progress)
    else:
        source = Scanned(options, rng_seed=rng_seed, progress=progress)
        source.read(executor, checkpoint)
    with ShardWriter(run.folder("seeds"), run.layout) as shards:
        for seed in source.seeds():
            shards.write(seed)
    checkpoint.remove()
    counts = source.counts()
    seconds = time.monotonic() - began
    entry = run.finish("sample", state="complete", counts=counts, parts={"seeds": shards.parts}, seconds=seconds)
    options.require_yield(counts)
    return entry
