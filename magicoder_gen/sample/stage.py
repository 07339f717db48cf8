"""Stage 1: documents of the corpora to seeds/."""

import time
from collections import Counter
from typing import Any

from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Counts, Executor, Progress
from magicoder_gen.sample import drift, fragments, procedure
from magicoder_gen.sample.checkpoint import FILE, Checkpoint
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.published import Published
from magicoder_gen.sample.scanned import Scanned
from magicoder_gen.sample.strategies.paper_lines import PaperLines
from magicoder_gen.storage import optouts, rundir
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
    chosen = list(fragments.chosen(options, rng_seed))  # first: what cannot be read must not undo what is there
    listed, left_out = optouts.of_run(run.root), 0
    before = run.stages().get("sample")
    run.begin("sample", inputs)
    drift.warn(before, rundir.as_json(inputs))
    divided = [procedure.PORTION, fragments.named(chosen)]
    checkpoint = Checkpoint(run.folder("seeds") / FILE, digest([inputs, divided]))
    source: Scanned | Published
    if isinstance(options.strategy, PaperLines):
        source = Published(
            options,
            options.strategy,
            chosen,
            rng_seed=rng_seed,
            executor=executor,
            progress=progress,
            checkpoint=checkpoint,
        )
    else:
        source = Scanned(options, chosen, rng_seed=rng_seed, progress=progress)
        source.read(executor, checkpoint)
    found: Counter[str] = Counter()
    with ShardWriter(run.folder("seeds"), run.layout) as shards:
        for seed in source.seeds():
            if listed.covering(seed.origin, seed.id):
                left_out += 1  # only now, so that all others are what they would have been without it
                continue
            found[seed.language] += 1
            shards.write(seed)
    checkpoint.remove()
    counts = _without(source.counts(), left_out)
    seconds = time.monotonic() - began
    entry = run.finish("sample", state="complete", counts=counts, parts={"seeds": shards.parts}, seconds=seconds)
    options.note_shortfall(found)
    options.require_yield(counts)
    return entry


def _without(counts: Counts, left_out: int) -> Counts:
    """Return the counts without so many seeds that were purged before."""
    if not left_out:
        return counts
    reasons = dict(sorted({**counts.reasons, optouts.REASON: left_out}.items()))
    return Counts(counts.taken, counts.kept - left_out, reasons)
