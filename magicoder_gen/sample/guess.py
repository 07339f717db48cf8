"""How much of the order of documents will do: what lies behind it need not be looked at from the first document on."""

from collections import Counter
from collections.abc import Iterable
from math import ceil
from typing import Any, Self

from magicoder_gen.records import Record
from magicoder_gen.sample.pools import UNLIMITED, Pool
from magicoder_gen.sample.scan import ANY, BUCKETS, Candidates, Group, Rules

SLACK = 3  # documents looked at per candidate wanted: right as long as a third of them is fit
WORTHWHILE = 20_000  # documents of a group; fewer are soon looked at
EARLY = 0.05  # share of the documents after which a wrong guess is given up


class Guess(Record, frozen=True):
    """The number of documents in each group, and the last bucket of each that is looked at."""

    documents: dict[Group, int]
    limits: dict[Group, int]

    @classmethod
    def of(cls, rules: Rules, chosen: Iterable[tuple[int, list[Any]]]) -> Self | None:
        """Guess from the numbers of documents that the fragments know; None if they do not, or if it does not pay."""
        documents: Counter[Group] = Counter()
        for corpus, parts in chosen:
            for part in parts:
                languages = {ANY: part.documents} if ANY in rules.wanted else part.languages
                if languages is None or None in languages.values() or rules.order != "hash":
                    return None
                for language, number in languages.items():
                    documents[language, corpus if rules.by_corpus else -1] += number
        limits = {
            group: ceil(SLACK * rules.wanted.get(group[0], 0) / number * BUCKETS)
            for group, number in documents.items()
            if number >= WORTHWHILE
        }
        limits = {group: limit for group, limit in limits.items() if limit < BUCKETS // 2}
        return cls(dict(documents), limits) if limits else None

    def is_wrong(self, candidates: Candidates, *, at_end: bool = False) -> bool:
        """Whether a pool will not be full by what is looked at; before the end as a projection."""
        pools = candidates.groups()
        return any(self._lacks(group, pools[group], at_end=at_end) for group in self.limits if group in pools)

    def _lacks(self, group: Group, pool: Pool, *, at_end: bool) -> bool:
        if pool.limit < UNLIMITED:
            return False
        read = pool.taken / self.documents[group]
        return at_end or (read > EARLY and len(pool) / read < 0.8 * pool.capacity)
