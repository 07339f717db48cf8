"""Run the clean stage in this process and read what it wrote."""

from collections.abc import Iterable
from pathlib import Path

import msgspec
from builders import a_reply, a_seed

from magicoder_gen import ngrams
from magicoder_gen.benchmarks import digests, index_file
from magicoder_gen.benchmarks.items import Item
from magicoder_gen.clean import portions, stage
from magicoder_gen.clean.decontaminate import Decontaminate
from magicoder_gen.clean.inputs import Input
from magicoder_gen.clean.options import CleanOptions
from magicoder_gen.clean.portions import Portion
from magicoder_gen.executors.serial import Serial
from magicoder_gen.records import Executor, Rejection, Reply, Sample, Traffic
from magicoder_gen.storage import jsonl
from magicoder_gen.storage.rundir import RunDir, StageEntry
from magicoder_gen.storage.shards import Layout

LENIENT = CleanOptions(max_rejected=0.9)


class Steps:
    """Remembers the progress it was told of."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int | None]] = []

    def update(
        self, done: int, total: int | None = None, *, in_flight: int = 0, traffic: Traffic | None = None
    ) -> None:
        """Remember a step."""
        self.seen.append((done, total))


Cleaned = tuple[StageEntry, list[Sample], list[Rejection]]


def cleaned(
    folder: Path,
    rows: Iterable[Portion],
    options: CleanOptions = LENIENT,
    *,
    layout: Layout | None = None,
    executor: Executor | None = None,
) -> Cleaned:
    """Run the stage; return its entry and what it wrote."""
    directory = RunDir(folder, layout=layout)
    entry = stage.run(
        options,
        directory,
        rows=rows,
        inputs=options.inputs(directory, rows="r"),
        total=None,
        executor=executor or Serial(),
        progress=Steps(),
    )
    samples = list(jsonl.read_parts(directory.folder("samples"), Sample))
    return entry, samples, list(jsonl.read_parts(directory.folder("rejections"), Rejection))


def of_replies(folder: Path, replies: Iterable[Reply], options: CleanOptions = LENIENT) -> Cleaned:
    """Clean replies."""
    return cleaned(folder, portions.of_replies(iter(replies)), options)


def of_rows(folder: Path, rows: Iterable[object], options: CleanOptions = LENIENT) -> Cleaned:
    """Clean rows made elsewhere, a JSON value a line."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "rows.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    chosen = msgspec.structs.replace(options, input=Input(paths=(path,)))
    assert chosen.input
    return cleaned(folder / "run", portions.of_rows(chosen.input), chosen)


def replies(number: int = 3, *, seconds: float = 0.5) -> list[Reply]:
    """Replies that all become samples."""
    made = [
        a_reply(
            f"[Problem]\nWrite a function that returns {index} whenever it is called.\n"
            f"[Solution]\n```python\ndef f(): return {index}\n```",
            seed=a_seed(f"x = {index}\n", id=f"s{index}", index=index),
            prompt_id=f"p{index}",
        )
        for index in range(number)
    ]
    return [msgspec.structs.replace(reply, seconds=seconds, attempts=int(seconds * 4), at=seconds) for reply in made]


KNOWN_TASK = (
    "Count the harbour lanterns whose brass number is a multiple of seven, skip the ones that went out in a storm, "
    "and report the count together with the brightest lantern of the northern pier."
)


def a_benchmark(folder: Path) -> Decontaminate:
    """Options that look for one benchmark text only: KNOWN_TASK."""
    item = Item("lanterns", "Lanterns/1", "Lanterns/1", "question", KNOWN_TASK)
    path = folder / "lanterns.parquet"
    facts = index_file.Facts(
        name="lanterns",
        version=1,
        format=ngrams.FORMAT,
        items=1,
        texts=1,
        problems=1,
        splits={"test": 1},
        license="CC0-1.0",
        source="made for this test",
        sha256="0" * 64,
        made_by="a test",
    )
    path.write_bytes(index_file.encode(digests.table([item]), facts))
    return Decontaminate(benchmarks=(str(path),))
