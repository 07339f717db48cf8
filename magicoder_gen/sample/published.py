"""Seeds by the published procedure, which reads in order; with quotas, once per language."""

from collections import Counter
from collections.abc import Iterable, Iterator

from magicoder_gen.records import Counts, Document, Fragment, Progress, Seed, Skipped
from magicoder_gen.sample import fragments
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.pools import Draw
from magicoder_gen.sample.scan import ANY
from magicoder_gen.sample.shares import in_proportion
from magicoder_gen.sample.strategies.paper_lines import PaperLines


class Published:
    """Seeds by the published procedure, which reads in order; with quotas, once per language."""

    def __init__(self, options: SampleOptions, strategy: PaperLines, *, rng_seed: int, progress: Progress) -> None:
        self._options = options
        self._strategy = strategy
        self._rng_seed = rng_seed
        self._progress = progress
        self._damage = fragments.Damage()
        self._taken = 0
        self._kept = 0
        self._reasons: Counter[str] = Counter()

    def seeds(self) -> Iterator[Seed]:
        """Yield the seeds, languages in turn; the draws of a language are read when its first is due."""
        wanted = self._options.wanted_of()
        parts = [part for _, found in fragments.chosen(self._options, self._rng_seed) for part in found]
        languages = [(num, self._of_language(language, parts, num)) for language, num in wanted.items()]
        for index, draw in enumerate(in_proportion(languages)):
            if index == self._options.wanted():
                break
            self._kept += 1
            yield draw.seed(index)
        self._damage.close()

    def _of_language(self, language: str, parts: list[Fragment], num: int) -> Iterator[Draw]:
        """Yield the first `num` draws of one language in the published order."""
        documents = self._counted(_documents(parts, language))
        given = 0
        for outcome in self._strategy.outcomes(documents, rng_seed=self._rng_seed):
            if isinstance(outcome, Skipped):
                self._reasons[outcome.reason] += 1
            elif given < num:
                given += 1
                yield outcome

    def _counted(self, documents: Iterable[Document | Skipped]) -> Iterator[Document | Skipped]:
        for document in documents:
            if isinstance(document, Skipped):
                self._damage.log([document.detail] if document.detail else [])
            self._taken += document.count if isinstance(document, Skipped) else 1
            self._progress.update(self._taken)
            yield document

    def counts(self) -> Counts:
        """Return the sums, reasons by name."""
        not_drawn = self._taken - self._kept - self._reasons.total()
        reasons = self._reasons + Counter(not_drawn=not_drawn)
        return Counts(self._taken, self._kept, dict(sorted(reasons.items())))


def _documents(parts: Iterable[Fragment], language: str) -> Iterator[Document | Skipped]:
    """Yield the documents of that language (ANY = all), and what could not be read."""
    for fragment in parts:
        if language != ANY and fragment.languages is not None and language not in fragment.languages:
            continue
        for document in fragment.read():
            if language in {ANY, document.language if isinstance(document, Document) else ANY}:
                yield document
