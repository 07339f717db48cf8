"""What the rejections show: clusters of duplicates, texts of benchmarks."""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from magicoder_gen.records import Record, Rejection
from magicoder_gen.report.texts import name, redacted

SHOWN = 20  # clusters, and benchmark texts, that are listed
_DUPLICATES = {"exact", "near"}
_SHOWN = 200  # characters of a text, as `clean` keeps of what it found


class Cluster(Record, frozen=True):
    """A sample that stayed, if nothing else was held against it, and how many rows were dropped as repeating it.

    `published` names the data set that it is in, None for this run.
    """

    kept: str
    dropped: int
    published: str | None = None


class Clusters(Record, frozen=True):
    """Rows that repeat others: how many clusters, by how many rows each lost; the largest.

    `sizes` maps the number of dropped rows to the number of clusters that lost so many.
    """

    clusters: int
    dropped: int
    sizes: dict[int, int]
    largest: list[Cluster]


class Evidence(Record, frozen=True):
    """A benchmark's item that a row held: how surely, 0 to 1; the beginning of what was found, and of the item.

    `task` is None where nobody has the benchmark's text: digests are what travels.
    """

    row: str | None
    item: str
    tier: str
    score: float | None
    text: str
    task: str | None


class Contamination(Record, frozen=True):
    """Benchmark texts in rows: rows dropped by benchmark and by tier, rows kept with a label, some evidence.

    Evidence is listed by turns of benchmark and tier, so that each is seen.
    """

    dropped: int
    flagged: int
    benchmarks: dict[str, int]
    tiers: dict[str, int]
    evidence: list[Evidence]


class Rejections:
    """Counts rejections, one after the other; `every` has the check and reason of each."""

    def __init__(self, tasks: Mapping[str, str] = MappingProxyType({})) -> None:
        """`tasks` are texts of benchmarks' items that somebody has, by their ids."""
        self._tasks = tasks
        self.every: list[str] = []
        self.reasons: Counter[str] = Counter()
        self._repeated: Counter[tuple[str, str | None]] = Counter()  # rows by what they repeat, and where that is
        self._benchmarks: Counter[str] = Counter()
        self._tiers: Counter[str] = Counter()
        self._evidence: dict[tuple[str, str], list[Evidence]] = {}

    def add(self, rejection: Rejection) -> None:
        """Count one."""
        reason = sys.intern(f"{rejection.check}:{rejection.reason}")
        self.every.append(reason)
        self.reasons[reason] += 1
        if rejection.check in _DUPLICATES:
            published = rejection.evidence.get("published")
            kept = name(str(rejection.evidence.get("kept")))
            self._repeated[kept, name(str(published)) if published else None] += 1
        elif rejection.check == "decontaminate":
            self._contaminated(rejection)

    def _contaminated(self, rejection: Rejection) -> None:
        evidence = rejection.evidence
        benchmark, tier = name(rejection.reason), name(str(evidence.get("tier", "unknown")))
        self._benchmarks[benchmark] += 1
        self._tiers[tier] += 1
        listed = self._evidence.setdefault((benchmark, tier), [])
        if len(listed) < SHOWN:
            score, item = evidence.get("score"), name(str(evidence.get("item")))
            known = float(score) if isinstance(score, int | float) else None
            found = _beginning(str(evidence.get("text") or rejection.text or ""))  # a paraphrase is no part of the text
            task = task_of(evidence, self._tasks)
            row = rejection.id and name(rejection.id)
            listed.append(Evidence(row, item, tier, known, found, task and _beginning(task)))

    def clusters(self) -> Clusters:
        """Return the clusters of duplicates."""
        largest = sorted(self._repeated.items(), key=lambda one: (-one[1], one[0][0], one[0][1] or ""))[:SHOWN]
        sizes = dict(sorted(Counter(self._repeated.values()).items()))
        dropped = self._repeated.total()
        return Clusters(
            len(self._repeated), dropped, sizes, [Cluster(kept, count, where) for (kept, where), count in largest]
        )

    def contamination(self, flagged: int) -> Contamination:
        """Return what was found of benchmarks; `flagged` rows were kept with a label."""
        listed = _by_turns(self._evidence[key] for key in sorted(self._evidence))[:SHOWN]
        benchmarks, tiers = dict(sorted(self._benchmarks.items())), dict(sorted(self._tiers.items()))
        return Contamination(self._benchmarks.total(), flagged, benchmarks, tiers, listed)


def task_of(evidence: Mapping[str, object], tasks: Mapping[str, str]) -> str | None:
    """Return the text of the benchmark's item that evidence names, None if nobody has it."""
    return tasks.get(str(evidence.get("item"))) or (str(evidence["task"]) if evidence.get("task") else None)


def _beginning(text: str) -> str:
    """Return the beginning of a text; a secret that lies across its end is taken out before."""
    return redacted(text)[:_SHOWN]


def _by_turns(lists: Iterable[list[Evidence]]) -> list[Evidence]:
    kept = list(lists)
    return [one[place] for place in range(SHOWN) for one in kept if place < len(one)]
