"""A few seeds all the way through, paid but not kept: what the teacher is asked, says, and what comes of it."""

import tempfile
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import msgspec

from magicoder_gen.amounts import dollars, number_of
from magicoder_gen.clean import portions
from magicoder_gen.clean import stage as clean
from magicoder_gen.config import Config
from magicoder_gen.errors import ConfigError, MagicoderError, PoorYield
from magicoder_gen.executors.serial import Serial
from magicoder_gen.generate import journal
from magicoder_gen.generate import stage as generate
from magicoder_gen.generate.index import Index
from magicoder_gen.generate.teachers.batch import Batch
from magicoder_gen.generate.teachers.chat import Chat
from magicoder_gen.logs import one_line
from magicoder_gen.records import Counts, Failure, Message, Record, Rejection, Reply, Sample, Seed, Traffic
from magicoder_gen.sample import few
from magicoder_gen.storage import jsonl
from magicoder_gen.storage.rundir import RunDir
from magicoder_gen.storage.shards import ShardWriter

Outcome = Sample | Rejection


class Shown(Record, frozen=True):
    """One seed: the messages, the answer or why there is none, and what cleaning makes of it."""

    seed: Seed
    messages: tuple[Message, ...]
    answer: Reply | Failure | None
    outcome: Outcome | None


class Preview(Record, frozen=True):
    """What was asked, and what it cost.

    `kept_seeds` tells whether the seeds are the run's own, `from_batch` whether the run itself asks by the file, so
    that its price is not that of a preview.
    """

    rows: list[Shown]
    kept_seeds: bool
    from_batch: bool
    traffic: Traffic


def look(config: Config, run: RunDir, number: int) -> tuple[Preview, MagicoderError | None]:
    """Ask about `number` seeds in a folder that is removed; return what came, and what ended it early or was too poor.

    The seeds are the first of `run` if it has some. One answer is asked for each, whatever the configuration says.
    """
    own = list(islice(jsonl.read_parts(run.folder("seeds"), Seed), number)) if _has_seeds(run) else []
    seeds = own or few.draw(config.sample, number, rng_seed=config.rng_seed)
    from_batch = isinstance(config.generate.teacher, Batch)
    config = _asking_now(config)
    with tempfile.TemporaryDirectory(prefix="magicoder-gen-preview-") as folder:
        trial = RunDir(Path(folder), layout=config.storage)
        _put(trial, seeds)
        trouble = _asked(config, trial)
        rows = list(_rows(config, trial, seeds))
        with Index.reading(trial.folder("replies")) as index:
            return Preview(rows, bool(own), from_batch, index.traffic()), trouble


def _asking_now(config: Config) -> Config:
    """Ask the same model at once where the configuration hands its prompts in by the file."""
    teacher = config.generate.teacher
    if not isinstance(teacher, Batch):
        return config
    if teacher.write_only or teacher.collect:
        raise ConfigError(
            "preview asks a server, which generate.teacher does not; name one: --set generate.teacher={type: chat, …}"
        )
    shared = {name: getattr(teacher, name) for name in Batch.__struct_fields__ if name in Chat.__struct_fields__}
    chat = Chat(**shared | {"price": None, "attempts": Chat().attempts})  # not the price of batches
    return msgspec.structs.replace(config, generate=msgspec.structs.replace(config.generate, teacher=chat))


def _has_seeds(run: RunDir) -> bool:
    entry = run.stages().get("sample")
    return entry is not None and entry.state == "complete" and entry.kept() > 0


def _put(run: RunDir, seeds: list[Seed]) -> None:
    """Make a run directory as sampling leaves it."""
    run.begin("sample", {})
    with ShardWriter(run.folder("seeds"), run.layout) as shards:
        for index, seed in enumerate(seeds):
            shards.write(msgspec.structs.replace(seed, index=index))
    counts = Counts(len(seeds), len(seeds), {})
    run.finish("sample", state="complete", counts=counts, parts={"seeds": shards.parts}, seconds=0.0)


def _asked(config: Config, run: RunDir) -> MagicoderError | None:
    """Generate and clean; return what went wrong first."""
    limits = msgspec.structs.replace(config.generate.limits, target_accepted=None)
    once: dict[str, Any] = {"answers_per_seed": 1, "redo_truncated": None, "limits": limits}
    options = msgspec.structs.replace(config.generate, **once)
    trouble: MagicoderError | None = None
    try:
        generate.run(options, run, progress=_Nobody())
    except MagicoderError as error:
        trouble = error
    if not journal.exists(run.folder("replies")):
        return trouble
    total, replies = generate.replies(run)
    try:
        if total:
            _clean(config, run, replies, total)
    except PoorYield as error:
        trouble = trouble or error
    return trouble


def _clean(config: Config, run: RunDir, replies: Iterator[Reply], total: int) -> None:
    """Clean a few replies for themselves, whatever was published before."""
    options = msgspec.structs.replace(config.clean, published=(), index=False)
    rows = portions.of_replies(replies)
    clean.run(options, run, rows=rows, inputs={}, total=total, executor=Serial(), progress=_Nobody())


def _rows(config: Config, run: RunDir, seeds: list[Seed]) -> Iterator[Shown]:
    ask = config.generate.asker(config.generate.teacher.sampling())
    entries = journal.entries(run.folder("replies"))
    answers = {entry.prompt_id: entry for entry, _, _ in entries if isinstance(entry, Reply | Failure)}
    kept = jsonl.read_parts(run.folder("samples"), Sample)
    rejected = jsonl.read_parts(run.folder("rejections"), Rejection)
    cleaned: Iterator[Outcome] = chain(kept, rejected)
    outcomes = {found.prompt_id: found for found in cleaned}
    for seed in seeds:
        prompt = ask(seed, 0)
        yield Shown(seed, prompt.messages, answers.get(prompt.id), outcomes.get(prompt.id))


class _Nobody:
    """Does not want to know how far a stage is."""

    def update(
        self, done: int, total: int | None = None, *, in_flight: int = 0, traffic: Traffic | None = None
    ) -> None:
        """Take no note."""


def lines(preview: Preview) -> list[str]:
    """Return the preview as text."""
    rows = [line for number, row in enumerate(preview.rows, start=1) for line in _row_lines(number, row)]
    traffic, whose = preview.traffic, "of the run" if preview.kept_seeds else "drawn for this, of the corpora"
    summary = (
        f"{number_of(len(preview.rows), 'seed')} {whose}; {number_of(traffic.requests, 'request')}, "
        f"{number_of(traffic.replies, 'answer')}, {number_of(traffic.input_tokens, 'token')} in, "
        f"{traffic.output_tokens:,} out; cost {_cost(preview)}; nothing is kept"
    )
    return [*rows, summary]


def _cost(preview: Preview) -> str:
    traffic = preview.traffic
    if traffic.cost is not None:
        return dollars(traffic.cost)
    if not traffic.replies:
        return "unknown, there is no answer"
    if preview.from_batch:
        return "unknown: asked one by one, not at the batch price"
    return "unknown (set generate.teacher.price)"


def _row_lines(number: int, row: Shown) -> list[str]:
    seed = row.seed
    origin = " ".join(part for part in (seed.origin.corpus, seed.origin.repo, seed.origin.path) if part)
    head = one_line(f"=== {number}: {origin}, lines {seed.first_line}-{seed.last_line}, {seed.language}")
    asked = [line for turn in row.messages for line in (f"--- {turn.role}", turn.content.rstrip("\n"))]
    return [head, seed.text.rstrip("\n"), *asked, *_answer_lines(row.answer), *_outcome_lines(row.outcome), ""]


def _answer_lines(answer: Reply | Failure | None) -> list[str]:
    if answer is None:
        return ["--- no answer: it was not asked"]
    if isinstance(answer, Failure):
        return [one_line(f"--- no answer: {answer.kind}: {answer.message}")]
    took = f"{answer.usage.output_tokens} tokens, " if answer.usage else ""
    head = one_line(f"--- answer by {answer.model} ({took}{answer.seconds:.1f} s, ended by {answer.finish_reason})")
    return [head, answer.text or "(no text)"]


def _outcome_lines(outcome: Outcome | None) -> list[str]:
    if outcome is None:
        return []
    if isinstance(outcome, Rejection):
        evidence = msgspec.json.encode(outcome.evidence).decode() if outcome.evidence else ""
        return [one_line(f"--- rejected by {outcome.check}: {outcome.reason} {evidence}").rstrip()]
    return ["--- kept, problem", outcome.problem, "--- kept, solution", outcome.solution]
