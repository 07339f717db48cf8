"""What the exported samples say, counted in the pass that writes them; and what was kept out for benchmarks' sake."""

from collections import Counter
from typing import Any

from magicoder_gen.records import Record, Sample
from magicoder_gen.storage.optouts import repository

_CONTAMINATED = "decontaminate"


class Rejected(Record, frozen=True):
    """What of a rejection is counted."""

    check: str
    reason: str
    evidence: dict[str, Any]


class Tally:
    """Counts of rows: all, by label, by who answered, by where their seeds come from.

    `contaminated` counts rows that cleaning dropped, by benchmark and tier.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.unplaced = 0
        self.labels: Counter[str] = Counter()
        self.models: Counter[str] = Counter()
        self.languages: Counter[str] = Counter()
        self.categories: Counter[str] = Counter()
        self.licenses: Counter[str | None] = Counter()
        self.corpora: Counter[str] = Counter()
        self.repositories: set[str] = set()
        self.contaminated: Counter[tuple[str, str]] = Counter()

    def add(self, sample: Sample, category: str | None = None) -> None:
        """Count one sample, of that category if it is known."""
        origin = sample.seed.origin
        self.rows += 1
        self.categories.update([category] if category else [])
        repo = repository(origin.repo or "")
        self.unplaced += not (repo or origin.path or origin.swhid)
        self.labels.update(list(sample.labels))
        self.models[sample.model] += 1
        self.languages[sample.seed.language] += 1
        self.licenses[origin.license] += 1
        self.corpora[origin.corpus] += 1
        if repo:
            self.repositories.add(repo)

    def reject(self, rejected: Rejected) -> None:
        """Count a row that was dropped, if it was for a benchmark."""
        if rejected.check == _CONTAMINATED:
            self.contaminated[rejected.reason, str(rejected.evidence.get("tier"))] += 1
