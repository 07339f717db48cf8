"""How the stages hang together: what each needs of the one before, and what decides its outcome."""

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import msgspec

from magicoder_gen import paraphrases
from magicoder_gen.benchmarks import index_file
from magicoder_gen.clean import portions
from magicoder_gen.clean import stage as clean
from magicoder_gen.clean.parse import parse
from magicoder_gen.clean.semantic import Paraphrases, Semantic
from magicoder_gen.config import Config
from magicoder_gen.errors import ConfigError, CorpusUnreachable, Drift, NotAuthorised
from magicoder_gen.export import stage as export
from magicoder_gen.export.card import CardFacts
from magicoder_gen.export.cleaning import Cleaning
from magicoder_gen.generate import estimate as estimates
from magicoder_gen.generate import journal
from magicoder_gen.generate import stage as generate
from magicoder_gen.generate.index import Index
from magicoder_gen.generate.teachers.local import Local
from magicoder_gen.records import Counts, Progress, Reply, Sample, Sampling
from magicoder_gen.sample import drift, few
from magicoder_gen.sample import stage as sample
from magicoder_gen.storage import jsonl, optouts, rundir
from magicoder_gen.storage.rundir import RunDir, StageEntry, StageName

FEW = 200  # seeds from which an estimate extrapolates

logger = logging.getLogger(__name__)


class Stage(msgspec.Struct, frozen=True):
    """A stage ready to run; with the same `inputs` it would do the same again.

    `run` raises PoorYield as `require_yield` does for the counts of a stage that is complete already.
    """

    name: StageName
    inputs: dict[str, Any]
    run: Callable[[Progress], StageEntry]
    require_yield: Callable[[Counts], None]


def stages(config: Config) -> tuple[str, ...]:
    """Return the stages that a configuration has, in order: rows made elsewhere are neither sampled nor generated."""
    made_here = ("sample", "generate") if config.clean.input is None else ()
    return (*made_here, "clean", "export")


def prepare(name: str, config: Config, run: RunDir, *, allow_drift: bool = False) -> Stage:
    """Return the stage of that name over the files of `run`; raise ConfigError if its inputs are missing.

    `allow_drift` lets answers to other prompts of the same seeds serve; seeds that were asked are never replaced.
    """
    if name == "generate":
        return _generate(config, run, allow_drift=allow_drift)
    return {"sample": _sample, "clean": _clean, "export": _export}[name](config, run)


def check(names: Iterable[str], config: Config, run: RunDir) -> None:
    """Raise what can be known to be wrong before anything is written or sent."""
    if "clean" in names:
        config.clean.check()
        if config.clean.decontaminate.semantic and config.judge:
            config.judge.check()
    if "export" in names and config.export.asks_category:
        config.categories.check()
    asked = run.stages().get("generate")
    if "generate" in names and not (asked and asked.state == "complete"):
        config.generate.check()


def _sample(config: Config, run: RunDir) -> Stage:
    options, rng_seed = config.sample, config.rng_seed
    inputs = _paid_for(_sample_inputs(config, run), run)

    def draw_seeds(progress: Progress) -> StageEntry:
        options.check()
        return sample.run(options, run, inputs=inputs, rng_seed=rng_seed, executor=config.executor, progress=progress)

    return Stage("sample", inputs, draw_seeds, partial(options.require_yield, was_purged=_was_purged(run)))


def _was_purged(run: RunDir) -> bool:
    return optouts.of_run(run.root) != optouts.NONE


def _sample_inputs(config: Config, run: RunDir) -> dict[str, Any]:
    """Return what decides the seeds; what was true of them when they were drawn, if the corpus is out of reach now."""
    entry = run.stages().get("sample")
    try:
        return config.sample.inputs(rng_seed=config.rng_seed)
    except (CorpusUnreachable, NotAuthorised, ConfigError) as error:
        if entry is None:
            raise
        known = config.sample.inputs(rng_seed=config.rng_seed, content=entry.inputs.get("content", []))
        if not run.is_complete("sample", known):
            raise
        logger.info("sample: taken as unchanged, since %s", error)
        return known


def _paid_for(inputs: dict[str, Any], run: RunDir) -> dict[str, Any]:
    """Keep the seeds that a teacher was asked about: only a larger `num` may replace them, since it extends them.

    Returns the inputs to go by. Raises Drift for any other change of the options, and where seeds are missing and
    the corpus, from which alone they could be drawn again, has changed.
    """
    entry = run.stages().get("sample")
    wanted = rundir.as_json(inputs)
    if entry is None or wanted == entry.inputs:
        return inputs
    if not _has_asked(run):
        return inputs
    changed = drift.changed(entry.inputs, wanted)
    intact = run.is_complete("sample", entry.inputs)
    redrawn = not intact or ("num" in changed and wanted["num"] > entry.inputs["num"])
    if changed - {"num", "content"} or (redrawn and "content" in changed):
        raise Drift(
            f"{run.root} has asked about other seeds; changed: {drift.said(changed)}; "
            "use another --run, or what was there before"
        )
    if redrawn:
        return inputs
    logger.info("sample: the seeds that were asked are kept as they are (%d)", entry.kept())
    return entry.inputs


def _has_asked(run: RunDir) -> bool:
    """Whether anything was sent that was paid, or may be: answered, under way somewhere, or lost."""
    with Index.reading(run.folder("replies")) as index:
        return index.totals.replies > 0 or index.totals.lost > 0 or bool(index.open)


def _generate(config: Config, run: RunDir, *, allow_drift: bool) -> Stage:
    options = config.generate
    return Stage(
        "generate",
        options.inputs(run),
        lambda progress: generate.run(
            options, run, progress=progress, accepts=partial(_accepts, config), allow_drift=allow_drift
        ),
        options.require_yield,
    )


def _accepts(config: Config, reply: Reply) -> bool:
    """Whether cleaning will find a problem and a solution."""
    return not isinstance(parse(reply, config.clean.markers), str)


def estimate(config: Config, run: RunDir) -> estimates.Estimate:
    """Return what generating would take; reads the seeds of `run` if they are those of `config`, else draws a few."""
    wanted = config.sample.wanted()
    if _has_seeds_of(config, run):
        more = max(0, wanted - run.stages()["sample"].inputs["num"])
        return estimates.of_run(config.generate, run, more_seeds=more)
    seeds = few.draw(config.sample, FEW, rng_seed=config.rng_seed)
    return estimates.of_seeds(config.generate, seeds, wanted=wanted)


def _has_seeds_of(config: Config, run: RunDir) -> bool:
    """Whether the seeds of `run`, or the beginning of more, are what the configuration draws, or were asked anyway."""
    entry = run.stages().get("sample")
    if entry is None or entry.state != "complete":
        return False
    content = entry.inputs.get("content", [])
    wanted = rundir.as_json(config.sample.inputs(rng_seed=config.rng_seed, content=content))
    return wanted | {"num": entry.inputs.get("num")} == entry.inputs or _has_asked(run)


def _clean(config: Config, run: RunDir) -> Stage:
    options = config.clean
    inputs = options.inputs(run, rows=_rows(config, run))
    meaning = options.decontaminate.semantic
    if meaning and config.judge:
        inputs["judge"] = config.judge.inputs()

    def clean_rows(progress: Progress) -> StageEntry:
        total, rows = _portions(config, run)
        return clean.run(
            options,
            run,
            rows=rows,
            inputs=inputs,
            total=total,
            executor=config.executor,
            progress=progress,
            paraphrases=_paraphrases(meaning, config, run) if meaning else None,
        )

    return Stage("clean", inputs, clean_rows, partial(options.require_yield, was_purged=_was_purged(run)))


def _paraphrases(meaning: Semantic, config: Config, run: RunDir) -> Paraphrases:
    find = partial(paraphrases.findings, meaning, config.judge, run)
    return Paraphrases(find, partial(paraphrases.spent, meaning, run))


def _rows(config: Config, run: RunDir) -> Any:
    """Return what stands for the rows that `clean` reads; raise ConfigError if there are none, or of two kinds."""
    has_replies = journal.exists(run.folder("replies"))
    if config.clean.input:
        if has_replies:
            raise ConfigError(f"{run.root} holds a teacher's answers; give rows made elsewhere another --run")
        return config.clean.input.identity()
    if not has_replies:
        run.require("generate")
    return journal.content_digest(run.folder("replies"))


def _portions(config: Config, run: RunDir) -> tuple[int | None, Iterable[portions.Portion]]:
    """Return how many rows there are, if that is known, and the rows in portions."""
    if config.clean.input:
        return None, portions.of_rows(config.clean.input)
    total, replies = generate.replies(run)
    return total, portions.of_replies(replies)


def _export(config: Config, run: RunDir) -> Stage:
    cleaned = run.require("clean")
    options, facts = config.export, _facts(config, run)
    options.require_yield(Counts(cleaned.kept(), cleaned.kept(), {}))
    inputs = {**options.inputs(run, config.categories), "facts": msgspec.to_builtins(facts)}
    return Stage(
        "export",
        inputs,
        lambda progress: export.run(options, run, progress=progress, facts=facts, categories=config.categories),
        options.require_yield,
    )


def _facts(config: Config, run: RunDir) -> CardFacts:
    """Return what the dataset card says of the stages before."""
    stages = run.stages()
    before = {name: entry.counts for name, entry in stages.items() if name != "export"}
    return CardFacts(
        run=run.root.resolve().name,
        rng_seed=stages["sample"].inputs["rng_seed"] if "sample" in stages else config.rng_seed,
        counts={name: counts for name, counts in before.items() if counts},
        teachers=() if config.clean.input else (_asked(config, run),),
        recipe=config.generate.recipe.path.stem,
        answers=stages["generate"].inputs.get("answers_per_seed", 1) if "generate" in stages else 1,
        files=tuple(path.name for path in config.clean.input.paths) if config.clean.input else (),
        cleaning=_cleaning(stages["clean"].inputs),
    )


def _cleaning(inputs: dict[str, Any]) -> Cleaning:
    """Return what the card says of cleaning, by what cleaning itself wrote into the manifest."""
    decontaminate, near = inputs["decontaminate"], inputs["near"]
    semantic = decontaminate["semantic"] or {}
    return Cleaning(
        exact=tuple(inputs["exact"]["keys"]) if inputs["exact"] else (),
        near=near["threshold"] if near else None,
        checks={check["type"]: check["action"] for check in inputs["checks"]},
        published=len(inputs["published"]),
        benchmarks={index_file.title(name): index_file.texts(name) for name in inputs["benchmark_sha256"]},
        verbatim=decontaminate["verbatim"],
        fuzzy=decontaminate["fuzzy"],
        semantic=semantic.get("action", "off"),
        meant=tuple(semantic.get("benchmarks", ())),
    )


def _asked(config: Config, run: RunDir) -> Sampling:
    """Return model and parameters, without fetching an embedded model that may be gone by now."""
    teacher = config.generate.teacher
    if not isinstance(teacher, Local):
        return teacher.sampling()
    first = next(jsonl.read_parts(run.folder("samples"), Sample), None)
    return teacher.sampling_of(first.model if first else "embedded model")
