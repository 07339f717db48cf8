"""From candidates to seeds: shares of languages and corpora, each text once, no near duplicates."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice, repeat
from typing import Protocol

from magicoder_gen.records import Seed
from magicoder_gen.sample.pools import UNLIMITED, Candidate
from magicoder_gen.sample.scan import ANY, Candidates
from magicoder_gen.sample.shares import in_proportion


class Ordering(Protocol):
    """In which order candidates become seeds."""

    def ordered(self, candidates: list[Candidate]) -> Iterable[Candidate]:
        """Return all candidates of a group in that order."""
        ...


class Selection:
    """The seeds of a run, in their order, and why further candidates were passed over."""

    def __init__(
        self,
        candidates: Candidates,
        documents: Ordering,
        *,
        quotas: Mapping[str, int],
        weights: tuple[float, ...] | None,
        accepts: Callable[[str], bool] | None,
        per_repo: int | None = None,
    ) -> None:
        self.reasons: Counter[str] = Counter()
        self.is_short = False  # a pool that could have held more was used up
        self._per_repo = per_repo
        self._of_repo: Counter[str] = Counter()
        self._candidates = candidates
        self._documents = documents
        self._quotas = quotas
        self._weights = weights
        self._accepts = accepts
        self._texts: set[str] = set()
        self._given: Counter[tuple[str, int]] = Counter()  # seeds by group

    def seeds(self, num: int) -> Iterator[Seed]:
        """Yield at most `num` seeds; the same first ones for a larger `num`."""
        languages = [
            (quota, islice(self._of_language(language), quota))
            for language, quota in (self._quotas or {ANY: num}).items()
        ]
        for index, candidate in enumerate(islice(in_proportion(languages), num)):
            yield candidate.draw.seed(index)

    def of_corpora(self) -> list[tuple[int, int]]:
        """Return of each corpus that has a weight: how many seeds it gave, how many of all it should have given."""
        weights = self._weights or ()
        given: Counter[int] = Counter()
        asked: Counter[int] = Counter()
        for language in self._quotas or {ANY: 0}:
            total = sum(self._given[language, corpus] for corpus in range(len(weights)))
            turns = in_proportion([(weight, repeat(corpus)) for corpus, weight in enumerate(weights)])
            asked.update(islice(turns, total))
            given.update({corpus: self._given[language, corpus] for corpus in range(len(weights))})
        return [(given[corpus], asked[corpus]) for corpus in range(len(weights))]

    def _of_language(self, language: str) -> Iterator[Candidate]:
        """Yield the fit candidates of one language, from each corpus its share."""
        pools = self._candidates.groups()
        if self._weights is None:
            sources = [(1.0, self._of_pool((language, -1)))] if (language, -1) in pools else []
        else:
            sources = [
                (weight, self._of_pool((language, corpus)))
                for corpus, weight in enumerate(self._weights)
                if (language, corpus) in pools
            ]
        return in_proportion(sources)

    def _of_pool(self, group: tuple[str, int]) -> Iterator[Candidate]:
        pool = self._candidates.groups()[group]
        for candidate in self._documents.ordered(pool.candidates()):
            reason = self._unwanted(candidate)
            if reason:
                self.reasons[reason] += 1 + candidate.copies
            else:
                self.reasons["duplicate"] += candidate.copies
                self._given[group] += 1
                yield candidate
        self.is_short = self.is_short or pool.limit < UNLIMITED

    def _unwanted(self, candidate: Candidate) -> str | None:
        """Return why the candidate cannot be a seed beside those before it; take note of it if it can."""
        draw = candidate.draw
        if draw.document_id in self._texts:
            return "duplicate"
        repo = draw.origin.repo
        if self._per_repo and repo and self._of_repo[repo] == self._per_repo:
            return "repo_full"
        self._texts.add(draw.document_id)
        if self._accepts and not self._accepts(draw.text):
            return "near_duplicate"
        if repo:
            self._of_repo[repo] += 1
        return None
