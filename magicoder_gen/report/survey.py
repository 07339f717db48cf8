"""One pass over the samples of a run: everything that is measured row by row."""

import sys
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from magicoder_gen import languages, ngrams
from magicoder_gen.categories import terms
from magicoder_gen.categories.terms import Counted
from magicoder_gen.clean import fences
from magicoder_gen.clean.checks.length import tokens
from magicoder_gen.records import Record, Sample
from magicoder_gen.report import variety
from magicoder_gen.report.texts import name
from magicoder_gen.report.variety import Distinct, DistinctCounter

if TYPE_CHECKING:
    import numpy as np

NO_FENCE = "(no fence)"
NO_NAME = "(not named)"
_PORTION = 1000  # rows
_SIZES = (1, 2, 3, 5)  # of n-grams


class Tally(Record, frozen=True):
    """Rows by a name: languages, models, labels."""

    seed_languages: Counter[str]
    fence_languages: Counter[str]
    both: Counter[tuple[str, str]]
    models: Counter[str]
    labels: Counter[tuple[str, str]]


class Survey(Record, frozen=True, eq=False):
    """What was measured of n rows, in their order.

    `languages` are those of the seeds. `problems` and `solutions` (int64, n): their lengths in tokens. `copied`
    (float64, n): the share of the seed's word 5-grams in the sample, NaN where the seed has fewer than five words.
    `texts`: the terms of each row.
    """

    ids: list[str]
    languages: list[str]
    tally: Tally
    problems: "np.ndarray"
    solutions: "np.ndarray"
    copied: "np.ndarray"
    texts: Counted
    distinct: list[Distinct]


def take(samples: Iterable[Sample]) -> Survey:
    """Read all samples, once, a portion at a time."""
    import numpy as np

    ids: list[str] = []
    seeds: list[str] = []
    tally = Tally(Counter(), Counter(), Counter(), Counter(), Counter())
    lengths: dict[str, list[int]] = {"problem": [], "solution": []}
    copied: list[Any] = [np.zeros(0)]
    texts: list[Counted] = []
    counters = [DistinctCounter(size) for size in _SIZES]
    rows = iter(samples)
    while portion := list(islice(rows, _PORTION)):
        ids += [sample.id for sample in portion]
        seeds += [sys.intern(sample.seed.language) for sample in portion]
        for sample in portion:
            _count(tally, sample)
            lengths["problem"].append(tokens(sample.problem))
            lengths["solution"].append(tokens(sample.solution))
        joined = [text_of(sample) for sample in portion]
        words = ngrams.words(joined)
        copied.append(variety.copied(ngrams.words([sample.seed.text for sample in portion]), words))
        texts.append(terms.count(joined))
        for counter in counters:
            counter.add(words)
    return Survey(
        ids,
        seeds,
        tally,
        np.array(lengths["problem"], np.int64),
        np.array(lengths["solution"], np.int64),
        np.concatenate(copied),
        terms.joined(texts),
        [counter.result() for counter in counters],
    )


def text_of(sample: Sample) -> str:
    """Return what is compared with other texts, as in the paper."""
    return f"{sample.problem} {sample.solution}"


def _count(tally: Tally, sample: Sample) -> None:
    seed, fence = name(sample.seed.language), fence_language(sample.solution)
    tally.seed_languages[seed] += 1
    tally.fence_languages[fence] += 1
    tally.both[seed, fence] += 1
    tally.models[name(sample.model)] += 1
    for label, value in sample.labels.items():
        tally.labels[name(label), name(str(value))] += 1


def fence_language(solution: str) -> str:
    """Return our word for the language that the first fence with a name has."""
    found = fences.fences(solution)
    named = next((fence.language for fence in found if fence.language), None)
    if named is None:
        return NO_NAME if found else NO_FENCE
    return name(languages.canonical(named))
