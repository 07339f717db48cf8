"""All numbers of a report: exact, over all rows of a run."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from magicoder_gen import logs
from magicoder_gen.categories import AnyCategories, terms
from magicoder_gen.categories.names import NAMES
from magicoder_gen.categories.terms import Counted
from magicoder_gen.categories.words import Words
from magicoder_gen.errors import CorruptData
from magicoder_gen.fingerprint import rng
from magicoder_gen.generate import journal, moments
from magicoder_gen.generate.index import Index
from magicoder_gen.records import Record, Rejection, Sample, Traffic
from magicoder_gen.report import funnel, histograms, humaneval, survey, timeline, variety
from magicoder_gen.report.funnel import Step
from magicoder_gen.report.histograms import Histogram
from magicoder_gen.report.humaneval import Nearest, Problems, Similarity
from magicoder_gen.report.rejected import Clusters, Contamination, Rejections
from magicoder_gen.report.survey import Survey
from magicoder_gen.report.texts import name, renamed
from magicoder_gen.report.timeline import OverTime
from magicoder_gen.report.variety import Distinct, SelfSimilarity
from magicoder_gen.storage import jsonl
from magicoder_gen.storage.rundir import RunDir, StageEntry

if TYPE_CHECKING:
    import numpy as np

FORMAT = 1
_TOKENS = 20  # a bin, as in the paper
_SHARE = 0.05  # a bin
_DRAWN = 500  # rows that are compared with each other
_RNG_SEED = 976
_NAMES = 20  # of a table that a run's own data could make endless; the rest is summed up
_OTHERS = "(others)"
_WORDS = Words()


class Languages(Record, frozen=True):
    """Rows by the language of the seed and by that of the solution's first fence that names one, and by both."""

    seed: dict[str, int]
    fence: dict[str, int]
    both: dict[str, dict[str, int]]


class Lengths(Record, frozen=True):
    """Estimated tokens of problems and of solutions."""

    problem: Histogram
    solution: Histogram


class Categories(Record, frozen=True):
    """Rows by category, and by which method they were told."""

    method: str
    rows: dict[str, int]


class Overlap(Record, frozen=True):
    """The share of the seed's word 5-grams that is in problem or solution: 0 inspired, 1 copied.

    `measured` rows have a seed of five words or more; `half` of them contain half of it or more.
    """

    measured: int
    half: int
    shares: Histogram


class StageTime(Record, frozen=True):
    """A stage: its state, seconds of wall time over all resumes, cost in USD; None if unknown, or if it asks nobody."""

    state: str
    seconds: float
    cost: float | None


class Stats(Record, frozen=True):
    """A run in numbers. `notes` say what is missing and why.

    `traffic` and `over_time` are None where no teacher was asked, the latter also where the journal holds no times.
    """

    format: int
    run: str
    stages: dict[str, StageTime]
    funnel: list[Step]
    traffic: Traffic | None
    over_time: OverTime | None
    samples: int
    rejections: int
    reasons: dict[str, int]
    models: dict[str, int]
    labels: dict[str, dict[str, int]]
    languages: Languages
    lengths: Lengths
    categories: Categories
    humaneval: Similarity | None
    overlap: Overlap
    distinct: list[Distinct]
    self_similarity: SelfSimilarity
    duplicates: Clusters
    contamination: Contamination
    notes: list[str]


class Rows(Record, frozen=True, eq=False):
    """What was found out about each row, in the order of the files: of samples, and the `reasons` of rejections.

    `languages` are those of the seeds. `categories` (uint8) are places in `names.NAMES`, `copied` (float64) as
    in Survey, `nearest` is None where HumanEval was not given.
    """

    ids: list[str]
    languages: list[str]
    categories: "np.ndarray"
    copied: "np.ndarray"
    nearest: Nearest | None
    reasons: list[str]


class Compared(Record, frozen=True):
    """What rows are compared with: HumanEval's tasks, and the terms of other data sets, by name.

    `notes` say which rows of these could not be read.
    """

    problems: Problems
    others: dict[str, Counted]
    notes: list[str]


def gather(
    run: RunDir, benchmark: Path | None, others: Iterable[Path] = (), *, categories: AnyCategories = _WORDS
) -> tuple[Stats, Rows]:
    """Read the run and measure it; compare it, and the data sets `others`, with HumanEval in `benchmark`.

    Raises CorruptData where its files are not what the manifest says, and what telling `categories` raises.
    """
    categories.check()
    import numpy as np

    compared = Compared(humaneval.read(benchmark), *humaneval.others(others)) if benchmark else None
    stages = run.stages()
    is_cleaned = _is_cleaned(run, stages)
    rejections = Rejections(compared.problems.by_name() if compared else {})
    for rejection in jsonl.read_parts(run.folder("rejections"), Rejection) if is_cleaned else ():
        rejections.add(rejection)
    found = survey.take(jsonl.read_parts(run.folder("samples"), Sample) if is_cleaned else ())
    if is_cleaned:
        _compare(run, stages["clean"], found, rejections)
    steps, traffic, over_time = funnel.steps(stages), _traffic(run), _over_time(run)
    notes = _without_rows(is_cleaned=is_cleaned, samples=len(found.ids))
    notes += [*funnel.gaps(steps), *timeline.gaps(over_time)]
    if compared:
        notes += compared.notes
    elif found.ids:
        notes.append("similarity to HumanEval: not measured; name its file with --humaneval")
    kinds = categories.told(run, logs.Lines("categories")) if is_cleaned else np.zeros(0, np.uint8)
    tally, (measured, rows) = found.tally, _measured(found, rejections, compared, kinds)
    stats = Stats(
        format=FORMAT,
        run=name(run.root.resolve().name),
        stages={stage: _told(stage, entry, traffic) for stage, entry in stages.items()},
        funnel=steps,
        traffic=traffic,
        over_time=over_time if over_time and over_time.bins else None,
        samples=len(found.ids),
        rejections=len(rejections.every),
        reasons=named(renamed(rejections.reasons)),
        models=named(tally.models),
        labels=_nested(tally.labels),
        languages=Languages(named(tally.seed_languages), named(tally.fence_languages), _nested(tally.both)),
        lengths=Lengths(histograms.of(found.problems, _TOKENS), histograms.of(found.solutions, _TOKENS)),
        categories=Categories(name(categories.method()), _by_category(kinds)),
        distinct=found.distinct,
        overlap=_overlap(found.copied),
        duplicates=rejections.clusters(),
        contamination=rejections.contamination(
            sum(n for (label, _), n in tally.labels.items() if label == "contaminated")
        ),
        notes=notes,
        **measured,
    )
    return stats, rows


def _without_rows(*, is_cleaned: bool, samples: int) -> list[str]:
    """Say why there is nothing of rows, if there is nothing."""
    if not is_cleaned:
        return [
            "clean has not come to its end: no rows are analysed, and of what is told of rows there is nothing here"
        ]
    return [] if samples else ["clean kept no row: of what is told of those that it keeps there is nothing here"]


def _measured(
    found: Survey, rejections: Rejections, compared: Compared | None, kinds: "np.ndarray"
) -> tuple[dict[str, Any], Rows]:
    """Return what TF-IDF tells, in one space over all that is compared: as fields of Stats, and by row."""
    asked = [terms.count(compared.problems.texts), *compared.others.values()] if compared else []
    space = terms.space(found.texts, *asked)
    similarity, nearest = None, None
    if compared:
        similarity, nearest = humaneval.similarity(
            space, found.texts, compared.problems, compared.others, ids=found.ids
        )
    fields = {
        "humaneval": similarity,
        "self_similarity": variety.self_similarity(space, found.texts.chosen(_drawn(len(found.ids)))),
    }
    return fields, Rows(found.ids, found.languages, kinds, found.copied, nearest, rejections.every)


def _is_cleaned(run: RunDir, stages: dict[str, StageEntry]) -> bool:
    """Whether there are rows; raises CorruptData if they are not those that were written."""
    if "clean" not in stages or stages["clean"].state != "complete":
        return False
    run.require("clean")
    return True


def _compare(run: RunDir, entry: StageEntry, found: Survey, rejections: Rejections) -> None:
    """Raise CorruptData if the files do not hold what clean counted."""
    counts = entry.counts
    if counts and (len(found.ids) != counts.kept or dict(rejections.reasons) != counts.reasons):
        raise CorruptData(
            f"{run.root}: samples/ and rejections/ hold {len(found.ids)} and {len(rejections.every)} rows, "
            f"but clean wrote {counts.kept} and {counts.taken - counts.kept}; delete samples/ and run clean again"
        )


def _traffic(run: RunDir) -> Traffic | None:
    if not journal.exists(run.folder("replies")):
        return None
    with Index.reading(run.folder("replies")) as index:
        traffic = index.traffic()
    return msgspec.structs.replace(traffic, failed=dict(renamed(traffic.failed)))


def _told(name: str, entry: StageEntry, traffic: Traffic | None) -> StageTime:
    """Return a stage; what `generate` has cost by now is in the journal, also where it was killed."""
    cost = traffic.cost if traffic and name == "generate" else entry.cost
    return StageTime(entry.state, round(entry.seconds, 1), cost)


def _over_time(run: RunDir) -> OverTime | None:
    folder = run.folder("replies")
    return timeline.of(moments.read(folder)) if journal.exists(folder) else None


def _drawn(rows: int) -> "np.ndarray":
    """Draw the rows that are compared with each other, ascending."""
    import numpy as np

    return np.array(sorted(rng(_RNG_SEED, "self-similarity").sample(range(rows), min(rows, _DRAWN))), np.int64)


def _by_category(kinds: "np.ndarray") -> dict[str, int]:
    import numpy as np

    counts = np.bincount(kinds, minlength=len(NAMES)).tolist()
    return dict(zip(NAMES, counts, strict=True))


def _overlap(copied: "np.ndarray") -> Overlap:
    import numpy as np

    measured = copied[~np.isnan(copied)]
    return Overlap(len(measured), int((measured >= 0.5).sum()), histograms.of(measured, _SHARE))  # noqa: PLR2004  # half


def named(counts: Counter[str]) -> dict[str, int]:
    """Return counts, the largest first; behind the twentieth name the others as one, with what is itself called so."""
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    found = dict(ordered[:_NAMES])
    rest = sum(count for _, count in ordered[_NAMES:])
    if rest:
        found[_OTHERS] = found.pop(_OTHERS, 0) + rest
    return found


def _nested(counts: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Return counts of pairs as counts within counts, the largest first; behind the twentieth the others as one."""
    within: dict[str, Counter[str]] = {}
    for (outer, inner), count in counts.items():
        within.setdefault(outer, Counter())[inner] += count
    ordered = sorted(within.items(), key=lambda one: (-one[1].total(), one[0]))
    found = dict(ordered[:_NAMES])
    for _, others in ordered[_NAMES:]:
        found[_OTHERS] = found.get(_OTHERS, Counter()) + others
    return {outer: named(counted) for outer, counted in found.items()}
