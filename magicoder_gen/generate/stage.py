"""Stage 2: seeds to replies. Sends what the journal lacks, keeps every answer raw; parsing is `clean`'s business."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from magicoder_gen.errors import Drift, Interrupted, LimitReached, MagicoderError, PoorYield
from magicoder_gen.generate import journal, recipes
from magicoder_gen.generate.admission import Admission, Limits
from magicoder_gen.generate.exchange import Exchange
from magicoder_gen.generate.journal import Journal, State
from magicoder_gen.generate.recipes import RecipeName
from magicoder_gen.generate.teachers.chat import Chat
from magicoder_gen.generate.teachers.local import Local
from magicoder_gen.generate.teachers.scripted import Scripted
from magicoder_gen.records import Counts, Options, Progress, Prompt, Reply, Sampling, Seed, Teacher
from magicoder_gen.storage import jsonl
from magicoder_gen.storage.rundir import RunDir, StageEntry, as_json

logger = logging.getLogger("magicoder_gen")


SAME_PROMPT = "same_prompt"  # another seed has the same text and language, so one answer serves both


class GenerateOptions(Options, frozen=True):
    """The section `generate`. Over `max_failed` (share of the prompts) the exit code is 3."""

    recipe: RecipeName = RecipeName("oss_instruct")
    teacher: Chat | Local | Scripted = Chat()
    limits: Limits = Limits()
    max_failed: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.1

    def inputs(self, run: RunDir) -> dict[str, Any]:
        """Return what decides the answers: the seeds, the texts of the recipe, the model and its parameters."""
        delivery = self.teacher.delivery
        return {
            "seeds": [part.sha256 for part in run.require("sample").parts["seeds"]],
            "recipe": recipes.content(self.recipe),
            "teacher": {key: value for key, value in as_json(self.teacher).items() if key not in delivery},
        }

    def check(self) -> None:
        """Raise what can be known before anything is done: a recipe that is none, no key, no model file."""
        teacher: Teacher = self.teacher
        _asker(self, Sampling("any"))
        teacher.check()

    def require_yield(self, counts: Counts) -> None:
        """Raise PoorYield if too many prompts, or all, got no answer."""
        failed = counts.taken - counts.kept - counts.reasons.get(SAME_PROMPT, 0)
        if counts.kept and failed <= self.max_failed * counts.taken:
            return
        kinds = ", ".join(f"{kind} {count}" for kind, count in counts.reasons.items())
        raise PoorYield(
            f"generate: {failed} of {counts.taken} prompts got no answer ({kinds}), "
            f"generate.max_failed allows {self.max_failed:.0%}; the same command asks again where that can help"
        )


def run(options: GenerateOptions, run: RunDir, *, progress: Progress) -> StageEntry:
    """Ask for every seed that has no reply yet; return the manifest's entry.

    Raises Drift if the journal holds answers to other prompts, LimitReached, Interrupted, PoorYield, and what the
    teacher raises; in each case what was answered is kept and the same command goes on.
    """
    started = time.monotonic()
    folder = run.folder("replies")
    inputs = options.inputs(run)
    state = journal.scan(folder)
    prompts = _Prompts(options, run)
    _refuse_drift(prompts, state, inputs, run)
    run.begin("generate", inputs)
    trouble: MagicoderError | None = None
    try:
        _ask_all(options, run, prompts, state, progress)
    except MagicoderError as error:
        trouble = error
    entry = _finish(run, prompts, journal.scan(folder), time.monotonic() - started)
    if trouble:
        raise trouble
    assert entry.counts is not None
    options.require_yield(entry.counts)
    return entry


def replies(run: RunDir) -> tuple[int, Iterator[Reply]]:
    """Return the number of replies, and the replies in the order of their seeds, lazily."""
    folder = run.folder("replies")
    places = sorted(journal.scan(folder).replied.values())
    return len(places), journal.replies(folder, places)


class _Prompts:
    """The prompts of a run, made from its seeds each time they are asked for; only their ids are remembered."""

    def __init__(self, options: GenerateOptions, run: RunDir) -> None:
        self._seeds = run.folder("seeds")
        self._ask = _asker(options, options.teacher.sampling())
        self.ids: set[str] = set()
        self.seeds = 0
        for prompt in self.all():
            self.seeds += 1
            self.ids.add(prompt.id)

    def all(self) -> Iterator[Prompt]:
        """Yield every prompt, in the order of the seeds."""
        return (self._ask(seed) for seed in jsonl.read_parts(self._seeds, Seed))

    def pending(self, state: State) -> Iterator[Prompt]:
        """Yield what has no outcome yet, each id once, although two seeds may ask the same."""
        given: set[str] = set()
        for prompt in self.all():
            if prompt.id not in given and not state.is_done(prompt.id):
                given.add(prompt.id)
                yield prompt


def _asker(options: GenerateOptions, sampling: Sampling) -> recipes.Ask:
    teacher: Teacher = options.teacher
    return recipes.asker(
        options.recipe, sampling, worked_example=teacher.worked_example, constrained=teacher.constrained
    )


def _refuse_drift(prompts: _Prompts, state: State, inputs: dict[str, Any], run: RunDir) -> None:
    """More seeds may join a run; answers to prompts that are no longer asked mean another configuration."""
    orphans = len(state.replied.keys() - prompts.ids)
    if not orphans:
        return
    before = run.stages().get("generate")
    changed = [key for key in _changed(before.inputs if before else {}, inputs) if key != "seeds"]
    raise Drift(
        f"{run.root} holds {orphans} answers to prompts that this configuration does not ask; "
        f"changed: {', '.join(changed) or 'the seeds or the model file'}; use another --run, or the old configuration"
    )


def _changed(old: Any, new: Any, path: str = "") -> list[str]:
    """Return the paths at which two trees differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted(old.keys() | new.keys())
        return [line for key in keys for line in _changed(old.get(key), new.get(key), f"{path}.{key}".lstrip("."))]
    return [] if old == new else [path]


def _ask_all(options: GenerateOptions, run: RunDir, prompts: _Prompts, state: State, progress: Progress) -> None:
    """Send what is pending and journal what comes; raise LimitReached or Interrupted."""
    pending = len(prompts.ids) - sum(state.is_done(prompt_id) for prompt_id in prompts.ids)
    if state.open:
        logger.info("%d requests of an earlier, interrupted run had no answer; they are sent again", len(state.open))
    if not pending:
        return
    logger.info("asking %d prompts; %d have their answer", pending, len(prompts.ids) - pending)
    with Journal(run.folder("replies"), shard_bytes=run.layout.shard_bytes) as writer:
        admission = Admission(prompts.pending(state), writer, state, options.limits)
        exchange = Exchange(options.teacher, writer, admission, state)
        asyncio.run(exchange.run(progress, total=len(prompts.ids)))
    if exchange.signal_number is not None:
        raise Interrupted(exchange.signal_number)
    left = sum(not state.is_done(prompt_id) for prompt_id in prompts.ids)
    if admission.limit_reached and left:
        raise LimitReached(f"{admission.limit_reached} reached, {left} prompts left; the same command goes on")


def _finish(run: RunDir, prompts: _Prompts, state: State, seconds: float) -> StageEntry:
    """Write the manifest's entry; the table counts seeds."""
    kinds = {**state.failed, **state.refused}
    reasons = Counter(kinds.get(prompt_id, "not_asked") for prompt_id in prompts.ids - state.replied.keys())
    kept = len(prompts.ids) - reasons.total()
    if prompts.seeds > len(prompts.ids):
        reasons[SAME_PROMPT] = prompts.seeds - len(prompts.ids)
    unfinished = any(not state.is_done(prompt_id) for prompt_id in prompts.ids)
    return run.finish(
        "generate",
        state="partial" if unfinished else "complete",
        counts=Counts(prompts.seeds, kept, dict(sorted(reasons.items()))),
        parts={} if unfinished else {"replies": journal.parts(run.folder("replies"))},
        seconds=seconds,
        cost=state.cost,
    )
