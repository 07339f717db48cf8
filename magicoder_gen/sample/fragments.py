"""Which parts of the corpora are read, in which portions, and what is said of damaged ones."""

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from magicoder_gen.sample.corpora import faults
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.protocols import Fragment

TASK_BYTES = 8 * 1024 * 1024  # on disk: a second of work or less, some MB in memory
LOGGED = 20  # damaged files that are named

Chosen = list[tuple[int, list[Any]]]  # the number of each corpus, and its fragments that are read

logger = logging.getLogger(__name__)


def chosen(options: SampleOptions, rng_seed: int) -> Iterator[tuple[int, list[Any]]]:
    """Yield the number of each corpus and its fragments that are to be read."""
    for number, corpus in enumerate(options.corpora):
        with faults.placed(number):
            parts = corpus.fragments()
        yield number, list(options.chosen_documents().of(parts, rng_seed))


def named(chosen: Chosen) -> list[Any]:
    """Return what tells one division of the work from another: every fragment's name, and the size of a task."""
    return [TASK_BYTES, *([part.id for part in parts] for _, parts in chosen)]


def numbered(chosen: list[tuple[int, list[Fragment]]]) -> Iterator[tuple[int, list[tuple[int, Fragment]]]]:
    """Give the fragments of all corpora their places in one sequence."""
    first = 0
    for corpus, fragments in chosen:
        yield corpus, list(enumerate(fragments, start=first))
        first += len(fragments)


def bundles(fragments: list[tuple[int, Fragment]]) -> Iterator[list[tuple[int, Fragment]]]:
    """Yield consecutive fragments that together are worth a task."""
    bundle: list[tuple[int, Fragment]] = []
    size = 0
    for number, fragment in fragments:
        if bundle and size + fragment.bytes > TASK_BYTES:
            yield bundle
            bundle, size = [], 0
        bundle.append((number, fragment))
        size += fragment.bytes
    if bundle:
        yield bundle


def total(fragments: Iterable[Fragment]) -> int | None:
    """Return how many documents there are, None if only reading can tell."""
    numbers = [fragment.documents for fragment in fragments]
    return None if None in numbers else sum(number for number in numbers if number is not None)


class Damage:
    """Log lines about damaged files, each once however often it is met: the first ones, then how many more."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def log(self, details: Iterable[str]) -> None:
        """Log each that is new, as long as there are few."""
        for detail in details:
            if detail not in self._known and len(self._known) < LOGGED:
                logger.warning("%s", detail)
            self._known.add(detail)

    def close(self) -> None:
        """Say how many were not logged."""
        if len(self._known) > LOGGED:
            logger.warning("%d more files or parts of files are damaged", len(self._known) - LOGGED)
