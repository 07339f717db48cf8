"""What sampling would read and could give, from the corpora's own numbers and a few documents tried."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from math import inf
from typing import Literal

from magicoder_gen.records import Counts, Record
from magicoder_gen.sample.corpora import faults
from magicoder_gen.sample.corpora.hub import Hub
from magicoder_gen.sample.corpora.tables import Tables
from magicoder_gen.sample.documents import Prefix
from magicoder_gen.sample.fragments import Damage
from magicoder_gen.sample.glimpse import Certainty, Estimate, Glimpse, file_of, judge
from magicoder_gen.sample.options import AnyCorpus, SampleOptions
from magicoder_gen.sample.protocols import Fragment
from magicoder_gen.sample.scan import ANY
from magicoder_gen.sample.strategies.paper_lines import PaperLines

Bound = Literal["exactly", "about", "at least", "at most"]
Shares = list[float]  # of each chosen part, how much of it is read, 0 to 1

_BOUNDS: dict[Certainty, Bound] = {
    Certainty.EXACT: "exactly",
    Certainty.ABOUT: "about",
    Certainty.AT_LEAST: "at least",
}


class Amount(Record, frozen=True):
    """A number, and whether it is exact, an estimate, or a bound: the least or the most that it can be."""

    number: int
    bound: Bound = "exactly"


class CorpusOutlook(Record, frozen=True):
    """A corpus and the part of it that would be read; `bytes` on disk or network, of the columns needed."""

    title: str
    files: int
    documents: Amount
    bytes: int
    documents_to_read: Amount
    bytes_to_read: Amount


class LanguageOutlook(Record, frozen=True):
    """What one language can give: `wanted` seeds, `documents` to draw from, of `looked` ones `fit` gave a snippet.

    `seeds` is the estimate that follows, at most `wanted`. `refused` says why the others of those looked at gave none.
    """

    language: str
    wanted: int
    documents: Amount
    looked: int
    fit: int
    seeds: Amount
    refused: dict[str, int]

    def was_missed(self) -> bool:
        """Whether no document was seen although there may be some."""
        return not self.looked and self.documents.bound != "exactly"


class Outlook(Record, frozen=True):
    """The answer to `sample --dry-run`; of `passed` documents `unusable` are of no use to any language, by reason."""

    corpora: tuple[CorpusOutlook, ...]
    languages: tuple[LanguageOutlook, ...]
    passed: int
    unusable: dict[str, int]


class _Seen:
    """One corpus: its parts, those that are chosen to be read, and what a few of its documents gave."""

    def __init__(self, options: SampleOptions, number: int, rng_seed: int) -> None:
        self.corpus = options.corpora[number]
        with faults.placed(number):
            self.every: list[Fragment] = list(self.corpus.fragments())
        self.chosen: list[Fragment] = list(options.chosen_documents().of(self.every, rng_seed))
        self.glimpse = Glimpse(self.chosen, list(options.shares()), judge(options, rng_seed))

    def of_group(self, group: str) -> list[Estimate]:
        """Return how many documents of a group each chosen part has."""
        return [self.glimpse.of_group(part, group) for part in self.chosen]

    def fit(self, group: str) -> list[Estimate]:
        """Return how many documents of a group in each chosen part may become seeds."""
        share = self.glimpse.fit(group) or 0.0
        return [found.times(share) for found in self.of_group(group)]


def look(options: SampleOptions, *, rng_seed: int) -> Outlook:
    """Look at every corpus without reading more than a few documents of each; writes nothing, warns of damage met."""
    seen = [_Seen(options, number, rng_seed) for number in range(len(options.corpora))]
    damage = Damage()
    for one in seen:
        damage.log(one.glimpse.details)
    damage.close()
    read = {group: _read(options, seen, group) for group in options.shares()}
    unusable = sum((one.glimpse.unusable for one in seen), Counter[str]())
    guess = _guess(options)
    needed = [[found[number] for found in read.values()] for number in range(len(seen))]
    return Outlook(
        tuple(_corpus(one, shares, guess=guess) for one, shares in zip(seen, needed, strict=True)),
        tuple(_language(options, seen, group, read=read[group]) for group in options.shares()),
        passed=sum(one.glimpse.passed for one in seen),
        unusable=dict(unusable.most_common()),
    )


def require_yield(outlook: Outlook, options: SampleOptions) -> None:
    """Raise PoorYield where sampling would, as far as the documents looked at tell."""
    if any(found.seeds.number or found.seeds.bound == "at least" or found.was_missed() for found in outlook.languages):
        return
    reasons = sum((Counter(found.refused) for found in outlook.languages), Counter(outlook.unusable))
    options.require_yield(Counts(reasons.total(), 0, dict(reasons)))


def _read(options: SampleOptions, seen: list[_Seen], group: str) -> list[Shares]:
    """Return which share of each chosen part of each corpus is read for a group's sake."""
    if isinstance(options.strategy, PaperLines):
        most = options.strategy.max_documents or inf
        shares = _until(most, chain.from_iterable(one.of_group(group) for one in seen))
        return [[next(shares) * _may_hold(part, group) for part in one.chosen] for one in seen]
    if not isinstance(options.documents, Prefix):
        return [[1.0] * len(one.chosen) for one in seen]
    wanted = options.rules(0, spare=options.spare()).wanted[group]
    if options.weights():
        return [list(_until(wanted, one.fit(group))) for one in seen]
    shares = _until(wanted, chain.from_iterable(one.fit(group) for one in seen))
    return [[next(shares) for _ in one.chosen] for one in seen]


def _until(wanted: float, estimates: Iterable[Estimate]) -> Iterator[float]:
    """Yield which share of each part is read until `wanted` are found."""
    for number, _ in estimates:
        yield 0.0 if wanted <= 0 else min(1.0, wanted / number) if number else 1.0
        wanted -= number


def _guess(options: SampleOptions) -> Bound | None:
    """Return what the number is that a prefix is thought to read: the least where languages are rare or seeds fall out.

    None for what does not guess.
    """
    if not isinstance(options.documents, Prefix):
        return None
    return "at least" if options.quotas or options.spare() > 1 else "about"


def _may_hold(part: Fragment, group: str) -> bool:
    return group == ANY or part.languages is None or group in part.languages


def _corpus(seen: _Seen, read: list[Shares], *, guess: Bound | None) -> CorpusOutlook:
    """Say what of a corpus is read; `read` has the shares that each group needs, and `guess` says what they are."""
    shares = [max(found) for found in zip(*read, strict=True)]
    documents = [seen.glimpse.documents(part) for part in seen.chosen]
    taken = _amount(_total([documents], [shares]))
    if guess and min(shares, default=1) < 1:
        taken = _amount(_total([documents], [shares]).times(1))
        taken = Amount(taken.number, "at least" if taken.bound == "at least" else guess)
    return CorpusOutlook(
        seen.corpus.title(),
        files=_files(seen.corpus, seen.every),
        documents=_amount(Estimate.total(map(seen.glimpse.documents, seen.every))),
        bytes=sum(part.bytes for part in seen.every),
        documents_to_read=taken,
        bytes_to_read=_bytes_to_read(seen.chosen, documents, shares, guess=guess or "about"),
    )


def _bytes_to_read(parts: list[Fragment], documents: list[Estimate], shares: Shares, *, guess: Bound) -> Amount:
    """Return the bytes of the shares; of a part that has nobody knows how many documents all of them, at most."""
    unknown = [
        found.certainty is Certainty.AT_LEAST and share > 0 for found, share in zip(documents, shares, strict=True)
    ]
    sizes = [
        part.bytes * (share if not is_unknown else 1)
        for part, share, is_unknown in zip(parts, shares, unknown, strict=True)
    ]
    if all(share == 1 for share in shares):
        return Amount(round(sum(sizes)))
    return Amount(round(sum(sizes)), "at most" if any(unknown) else guess)


def _files(corpus: AnyCorpus, parts: list[Fragment]) -> int:
    """Return the number of files; several row groups share one, and source files are documents."""
    if isinstance(corpus, Tables | Hub):
        return len({file_of(part) for part in parts})
    return sum(part.documents or 0 for part in parts)


def _language(options: SampleOptions, seen: list[_Seen], group: str, *, read: list[Shares]) -> LanguageOutlook:
    """Estimate what a group can give; what lies behind the published procedure's first documents does not count."""
    if not isinstance(options.strategy, PaperLines):
        read = [[1.0] * len(shares) for shares in read]
    documents = _total([one.of_group(group) for one in seen], read)
    seeds = _amount(_total([one.fit(group) for one in seen], read))
    looked = sum(one.glimpse.looked[group] for one in seen)
    refused = sum((one.glimpse.refused[group] for one in seen), Counter[str]())
    wanted = options.split()[group]
    return LanguageOutlook(
        language=group or "any",
        wanted=wanted,
        documents=_amount(documents),
        looked=looked,
        fit=looked - refused.total(),
        seeds=_seeds(seeds, wanted, may_fall_out=options.spare() > 1),
        refused=dict(refused.most_common()),
    )


def _seeds(found: Amount, wanted: int, *, may_fall_out: bool) -> Amount:
    """Return how many of the wanted seeds there will be; at most so many where seeds fall out beside others."""
    seeds = Amount(wanted, "about") if found.number >= wanted else found
    is_bound = may_fall_out and seeds.number and seeds.bound != "at least"
    return Amount(seeds.number, "at most") if is_bound else seeds


def _total(estimates: list[list[Estimate]], read: list[Shares]) -> Estimate:
    """Return the sum over what is read of all parts of all corpora."""
    pairs = zip(chain.from_iterable(estimates), chain.from_iterable(read), strict=True)
    return Estimate.total(Estimate(found.number * share, found.certainty) for found, share in pairs if share)


def _amount(estimate: Estimate) -> Amount:
    """Return a whole number, a guess with three digits."""
    is_guess = estimate.certainty is Certainty.ABOUT
    number = float(f"{estimate.number:.3g}") if is_guess else estimate.number
    return Amount(round(number), _BOUNDS[estimate.certainty])
