"""Stage 2: seeds to replies. Sends what the journal lacks, keeps every answer raw; parsing is `clean`'s business."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from magicoder_gen.amounts import number_of
from magicoder_gen.errors import Drift, Interrupted, LimitReached, MagicoderError, PoorYield
from magicoder_gen.fingerprint import digest
from magicoder_gen.generate import journal
from magicoder_gen.generate.admission import Admission
from magicoder_gen.generate.exchange import Exchange, keep
from magicoder_gen.generate.index import Index
from magicoder_gen.generate.options import GenerateOptions
from magicoder_gen.generate.plan import NOT_ASKED, NOT_NEEDED, Plan, Size
from magicoder_gen.generate.teachers.batch import Batch
from magicoder_gen.generate.teachers.batch_ledger import handed_in
from magicoder_gen.generate.writer import Writer
from magicoder_gen.records import Counts, Progress, Prompt, Reply
from magicoder_gen.storage import optouts
from magicoder_gen.storage.rundir import RunDir, StageEntry

logger = logging.getLogger("magicoder_gen")

Accepts = Callable[[Reply], bool]


def run(
    options: GenerateOptions,
    run: RunDir,
    *,
    progress: Progress,
    accepts: Accepts | None = None,
    allow_drift: bool = False,
    keeps_strangers: bool = False,
) -> StageEntry:
    """Ask for every seed that has no reply yet; return the manifest's entry.

    `accepts` tells which answers count towards `target_accepted`, and is needed where that is set. `keeps_strangers`
    leaves answers to other prompts where they are. Raises Drift if there are any otherwise, LimitReached, Interrupted,
    PoorYield, and what the teacher raises; in each case what was answered is kept and the same command goes on.
    """
    started = time.monotonic()
    options.require_price()
    trouble: MagicoderError | None = None
    with Index.writing(run.folder("replies")) as index:
        plan = _plan(options, run, index)
        _refuse_another_way(options, run, index)
        _begin(options, run, plan, allow_drift=allow_drift, keeps_strangers=keeps_strangers)
        sitting = _Sitting(options, run, index, plan, progress)
        try:
            sitting.hold(accepts)
        except MagicoderError as error:
            trouble = error
        if sitting.is_sound:
            entry = _finish(run, index, plan, sitting, seconds=time.monotonic() - started)
    if not sitting.is_sound:
        with Index.copied(run.folder("replies")) as index:
            plan = _plan(options, run, index)
            plan.begin(digest(options.prompt_inputs(run)))
            entry = _finish(run, index, plan, sitting, seconds=time.monotonic() - started)
    if trouble:
        raise trouble
    assert entry.counts is not None
    sitting.require_target()
    options.require_yield(entry.counts)
    sitting.warn_of_failures()
    return entry


def replies(run: RunDir) -> tuple[int, Iterator[Reply]]:
    """Return the number of replies, and the replies in the order of their seeds, lazily."""
    folder = run.folder("replies")
    with Index.reading(folder) as index:
        return index.wanted(), _in_order(folder)


def _in_order(folder: Path) -> Iterator[Reply]:
    with Index.reading(folder) as index:
        yield from journal.replies(folder, index.places())


def _plan(options: GenerateOptions, run: RunDir, index: Index) -> Plan:
    seeds = run.require("sample").kept()
    return Plan(
        index,
        run.folder("seeds"),
        options.asker(options.teacher.sampling()),
        size=Size(seeds, options.answers_per_seed),
        redo=options.redo_truncated,
    )


def _refuse_another_way(options: GenerateOptions, run: RunDir, index: Index) -> None:
    """Raise Drift where prompts are under way in batches and the teacher would ask them once more."""
    folder = run.folder("replies") / "batches"
    handed, _ = handed_in(folder, index.open)
    if handed.prompts and not isinstance(options.teacher, Batch):
        raise Drift(
            f"{number_of(handed.prompts, 'prompt')} of {run.root} wait in batches; collect them with "
            f"generate.teacher.type: batch first, or move {folder} away to give them up and pay again"
        )


def _begin(options: GenerateOptions, run: RunDir, plan: Plan, *, allow_drift: bool, keeps_strangers: bool) -> None:
    """Lay out the plan; refuse one to which answers at hand do not belong, unless they may serve or just stay."""
    inputs = options.prompt_inputs(run)
    strangers = plan.begin(digest(inputs))
    orphans = 0 if keeps_strangers else strangers
    if orphans and not allow_drift:
        raise Drift(
            f"{run.root} holds {orphans} answers to prompts that this configuration does not ask; changed: "
            f"{', '.join(_changes(run, inputs)) or 'the seeds or the model file'}; "
            "use another --run, the old configuration, or --allow-drift to keep them and go on with the new one"
        )
    if orphans:
        plan.adopt_orphans()
        logger.warning("%d answers to other prompts are kept; changed: %s", orphans, ", ".join(_changes(run, inputs)))
    run.begin("generate", options.inputs(run))


def _changes(run: RunDir, inputs: dict[str, object]) -> list[str]:
    """Return the paths of what decides the prompts and differs from when the answers were asked for."""
    before = run.stages().get("generate")
    old = {key: value for key, value in before.inputs.items() if key in inputs} if before else {}
    return [key for key in _differing(old, inputs) if key != "seeds"]


def _differing(old: object, new: object, path: str = "") -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted(old.keys() | new.keys())
        return [line for key in keys for line in _differing(old.get(key), new.get(key), f"{path}.{key}".lstrip("."))]
    return [] if old == new else [path]


class _Sitting:
    """One command's exchange with the teacher."""

    def __init__(self, options: GenerateOptions, run: RunDir, index: Index, plan: Plan, progress: Progress) -> None:
        self._options = options
        self._run = run
        self._index = index
        self._plan = plan
        self._progress = progress
        self._folder = run.folder("replies")
        self.accepted = 0
        self.failed: Counter[str] = Counter()  # prompts that can be asked again, by kind, once all is over
        self.refused: Counter[str] = Counter()  # those that will not be
        self.is_sound = True  # whether the index knows all that is in the journal, and nothing else

    @property
    def has_enough(self) -> bool:
        """Whether the wanted number of answers was accepted."""
        target = self._options.limits.target_accepted
        return target is not None and self.accepted >= target

    def is_complete(self, plan: Plan) -> bool:
        """Whether the same command would have nothing to do; one that missed its target says so each time."""
        return self.has_enough or (self._options.limits.target_accepted is None and plan.is_complete())

    def require_target(self) -> None:
        """Raise PoorYield if fewer answers than wanted were accepted although all were asked."""
        target = self._options.limits.target_accepted
        if target is None or self.has_enough:
            return
        again = "; the same command asks those again that failed" if self.failed else ""
        raise PoorYield(
            f"generate: {self.accepted} answers of {target} wanted (generate.limits.target_accepted) have a problem "
            f"and a solution, and all were asked; raise sample.num or generate.answers_per_seed{again}"
        )

    def warn_of_failures(self) -> None:
        """Say that prompts failed where that is not too many to be an error."""
        if not self.has_enough:
            self._warn_of(self.failed, "the same command asks {} again")
        self._warn_of(self.refused, "will not be asked again")

    def _warn_of(self, failures: Counter[str], outlook: str) -> None:
        number = failures.total()
        if number:
            kinds = ", ".join(f"{kind} {count}" for kind, count in failures.items())
            said, total = outlook.format("it" if number == 1 else "them"), number_of(self._plan.size.prompts, "prompt")
            logger.warning("%d of %s failed (%s); %s", number, total, kinds, said)

    def hold(self, accepts: Accepts | None) -> None:
        """Send what is pending, then what is redone; raise LimitReached, Interrupted or what the teacher raises."""
        limits = self._options.limits
        limits.require_known_bill(self._index.traffic())
        if limits.target_accepted is None:
            accepts = None
        else:
            assert accepts is not None
            self.accepted = sum(map(accepts, journal.replies(self._folder, self._index.places())))
        self._index.commit_as_read()
        plan = self._plan  # one after the other: the first may be cut off
        for make, count, which in (
            (plan.pending, plan.left, ""),
            (plan.redone, plan.to_redo, " again that were cut off"),
        ):
            prompts = make()
            first = None if self.has_enough else next(prompts, None)
            if first is not None:
                self._exchange(chain([first], prompts), accepts, number=count(), which=which)

    def _exchange(self, prompts: Iterator[Prompt], accepts: Accepts | None, *, number: int, which: str) -> None:
        done, total, unsettled = self._plan.done(), self._plan.size.prompts, len(self._index.open)

        def announced() -> Iterator[Prompt]:
            """Wait for the first to be wanted: by then a teacher has resumed what earlier commands handed in."""
            _announce(number, which, done=done, total=total, resumed=admission.resumed, unsettled=unsettled)
            yield from prompts

        with Writer(self._folder, shard_bytes=self._run.layout.shard_bytes) as writer:
            admission = self._admission(announced(), writer)
            exchange = Exchange(self._options.teacher, writer, self._index, admission, accepts=accepts)
            try:
                asyncio.run(exchange.run(self._progress, done=done, total=total))
            finally:
                self.accepted = admission.accepted
                self.is_sound = keep(self._index, writer)
        if self._index.trouble:
            raise self._index.trouble
        if exchange.signal_number is not None:
            raise Interrupted(exchange.signal_number)
        if admission.limit_reached and not self.has_enough and not self._plan.is_complete():
            left, reached = self._plan.left() + self._plan.to_redo(), admission.limit_reached
            raise LimitReached(f"{reached.what}; {number_of(left, 'prompt')} left; {reached.remedy}")

    def _admission(self, prompts: Iterator[Prompt], writer: Writer) -> Admission:
        price = self._options.teacher.known_price()
        return Admission(prompts, writer, self._index, self._options.limits, price=price, accepted=self.accepted)


def _announce(number: int, which: str, *, done: int, total: int, resumed: int, unsettled: int) -> None:
    """Say what is about to be asked: of `number` prompts those that no earlier command handed in (`resumed`).

    `unsettled` requests of earlier commands had no outcome when this one began, `resumed` ones included.
    """
    if resumed:
        logger.info("earlier commands handed in %s", number_of(resumed, "prompt"))
    if unsettled > resumed:
        lost = number_of(unsettled - resumed, "request")
        logger.info("%s of earlier commands had no answer when they ended", lost)
    if number > resumed:
        logger.info("asking %s%s; %d of %d are done", number_of(number - resumed, "prompt"), which, done, total)


def _finish(run: RunDir, index: Index, plan: Plan, sitting: _Sitting, *, seconds: float) -> StageEntry:
    """Write the manifest's entry; the table counts prompts."""
    is_complete = sitting.is_complete(plan)
    sitting.failed, sitting.refused = plan.failures(final=False), plan.failures(final=True)
    del sitting.refused[optouts.REASON]  # nothing went wrong there
    reasons = plan.reasons(not_asked=NOT_NEEDED if sitting.has_enough else NOT_ASKED)
    return run.finish(
        "generate",
        state="complete" if is_complete else "partial",
        counts=Counts(plan.size.prompts, plan.answered(), dict(sorted(reasons.items()))),
        parts={"replies": journal.parts(run.folder("replies"))} if is_complete else {},
        seconds=seconds,
        cost=index.traffic().cost,
    )
