"""What sampling would read and could give, from the corpora's own numbers and a few documents tried."""

from collections import Counter
from collections.abc import Iterator

from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Fragment, Record
from magicoder_gen.sample import fragments
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.scan import ANY, probe
from magicoder_gen.sample.strategies.paper_lines import PaperLines

TRIED_FRAGMENTS = 3  # of each corpus
TRIED_DOCUMENTS = 100  # of each fragment


class CorpusOutlook(Record, frozen=True):
    """A corpus and the part of it that would be read; bytes on disk or network, None = only reading can tell."""

    title: str
    documents: int | None
    bytes: int
    documents_to_read: int | None
    bytes_to_read: int


class LanguageOutlook(Record, frozen=True):
    """What one language can give: `wanted` seeds, `documents` to draw from, of `tried` ones `fit` gave a snippet.

    `seeds` is the estimate that follows, None where the number of documents is not known.
    """

    language: str
    wanted: int
    documents: int | None
    tried: int
    fit: int
    seeds: int | None


class Outlook(Record, frozen=True):
    """The answer to `sample --dry-run`."""

    corpora: tuple[CorpusOutlook, ...]
    languages: tuple[LanguageOutlook, ...]


def look(options: SampleOptions, *, rng_seed: int) -> Outlook:
    """Look at every corpus without reading more than a few documents of each; writes nothing."""
    seen = [_Seen(options, number, rng_seed) for number in range(len(options.corpora))]
    wanted = options.split()
    return Outlook(tuple(one.corpus for one in seen), tuple(_language(name, wanted[name], seen) for name in wanted))


def lines(outlook: Outlook) -> list[str]:
    """Return the outlook as text."""
    return [*map(_corpus_line, outlook.corpora), "", *map(_language_line, outlook.languages)]


class _Seen:
    """One corpus: its size, and what a few of its documents gave."""

    def __init__(self, options: SampleOptions, number: int, rng_seed: int) -> None:
        corpus = options.corpora[number]
        every: list[Fragment] = list(corpus.fragments())
        read = _to_read(options, every, rng_seed)
        self.corpus = CorpusOutlook(
            corpus.title(), fragments.total(every), _bytes(every), fragments.total(read), _bytes(read)
        )
        self.tried: Counter[str] = Counter()
        self.fit: Counter[str] = Counter()
        for fragment in sorted(read, key=lambda fragment: digest([rng_seed, fragment.id]))[:TRIED_FRAGMENTS]:
            tried, fit = probe(options.rules(rng_seed), fragment, TRIED_DOCUMENTS)
            self.tried += tried
            self.fit += fit
        self._read = read

    def documents(self, language: str) -> int | None:
        """Return how many documents of a language will be read: exactly, by the share of those tried, or None."""
        if language == ANY:
            return self.corpus.documents_to_read
        known = [fragment.languages for fragment in self._read]
        if None not in known:
            return sum(found.get(language, 0) for found in known if found)
        if self.corpus.documents_to_read is None or not self.tried:
            return None
        return round(self.corpus.documents_to_read * self.tried[language] / self.tried.total())

    def tries(self, language: str) -> tuple[int, int]:
        """Return how many documents of a language were tried and were fit."""
        if language == ANY:
            return self.tried.total(), self.fit.total()
        return self.tried[language], self.fit[language]


def _language(language: str, wanted: int, seen: list[_Seen]) -> LanguageOutlook:
    documents = [one.documents(language) for one in seen]
    tries = [one.tries(language) for one in seen]
    estimates = [
        number * fit / tried for number, (tried, fit) in zip(documents, tries, strict=True) if number and tried
    ]
    unknown = None in documents
    return LanguageOutlook(
        language=language or "any language",
        wanted=wanted,
        documents=None if unknown else sum(number for number in documents if number),
        tried=sum(tried for tried, _ in tries),
        fit=sum(fit for _, fit in tries),
        seeds=None if unknown else min(wanted, round(sum(estimates))),
    )


def _to_read(options: SampleOptions, every: list[Fragment], rng_seed: int) -> list[Fragment]:
    """Return the fragments that would be read; of a prefix as many as are certain to be."""
    if isinstance(options.strategy, PaperLines):
        return list(_first(every, options.strategy.max_documents))
    return list(options.chosen_documents().of(every, rng_seed))


def _first(every: list[Fragment], documents: int | None) -> Iterator[Fragment]:
    read = 0
    for fragment in every:
        if documents is not None and read >= documents:
            return
        read += fragment.documents or 0
        yield fragment


def _bytes(every: list[Fragment]) -> int:
    return sum(fragment.bytes for fragment in every)


def _corpus_line(corpus: CorpusOutlook) -> str:
    share = corpus.bytes_to_read / corpus.bytes if corpus.bytes else 0
    return (
        f"{corpus.title}: {_number(corpus.documents)} documents, {corpus.bytes / 1e6:,.1f} MB; "
        f"would read {_number(corpus.documents_to_read)} documents, {corpus.bytes_to_read / 1e6:,.1f} MB ({share:.0%})"
    )


def _language_line(found: LanguageOutlook) -> str:
    verdict = f"about {_number(found.seeds)}" if found.seeds is not None else "an unknown number"
    return (
        f"{found.language}: {found.wanted:,} wanted, {verdict} can be had from {_number(found.documents)} documents "
        f"(of {found.tried} tried, {found.fit} were fit)"
    )


def _number(number: int | None) -> str:
    return "unknown" if number is None else f"{number:,}"
