"""A few seeds, quickly: of documents here and there in the corpora, by the rules of sampling but not its choice."""

from collections.abc import Iterator
from itertools import islice

import msgspec

from magicoder_gen.errors import PoorYield
from magicoder_gen.fingerprint import rng
from magicoder_gen.records import Seed
from magicoder_gen.sample import fragments
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.pools import Draw
from magicoder_gen.sample.protocols import Document, Fragment
from magicoder_gen.sample.scan import ANY
from magicoder_gen.sample.strategies.paper_lines import PaperLines
from magicoder_gen.sample.texts import normalised

POINTS = 20  # parts of the corpora that are read from, if they are small
POINTS_BYTES = 16_000_000  # that they have together, where three parts have no more
PASSED = 2000  # documents read of a part
TURNS = 3  # times as many parts are read where the first ones give too little


def draw(options: SampleOptions, number: int, *, rng_seed: int) -> list[Seed]:
    """Return at most `number` seeds, in the proportion of the quotas; raise PoorYield if there is none.

    They show what prompts will look like; the seeds that sampling draws are others. `number` counts prompts of
    different documents; near-duplicates and repositories are not counted.
    """
    wanted = min(number, options.wanted())
    left = msgspec.structs.replace(options, num=wanted).split()
    found: dict[str, Draw] = {}
    parts = _parts(options, rng_seed)
    share = -(-wanted // max(1, min(len(parts), _points(parts))))
    for part in parts[: TURNS * _points(parts)]:
        taken = 0
        for one in islice(_draws(options, part, rng_seed), PASSED):
            group = ANY if ANY in left else one.language
            if taken >= share or not any(left.values()):
                break
            if left.get(group, 0) and one.document_id not in found:
                found[one.document_id] = one
                left[group] -= 1
                taken += 1
    if not found:
        raise PoorYield(
            f"none of the documents tried in {options.titles()} gave a seed; `magicoder-gen sample --dry-run` says why"
        )
    return [one.seed(index) for index, one in enumerate(found.values())]


def _parts(options: SampleOptions, rng_seed: int) -> list[Fragment]:
    """Return what may be read, in an order that is nobody's."""
    parts: list[Fragment] = [part for _, found in fragments.chosen(options, rng_seed) for part in found]
    rng(rng_seed, "a few").shuffle(parts)
    return parts


def _points(parts: list[Fragment]) -> int:
    """Return from how many parts to read."""
    mean = sum(part.bytes for part in parts) / max(1, len(parts))
    return min(POINTS, max(3, int(POINTS_BYTES / max(1, mean))))


def _draws(options: SampleOptions, part: Fragment, rng_seed: int) -> Iterator[Draw]:
    """Yield the snippets of a part's documents, as sampling would cut them."""
    documents = (document for document in islice(part.read(), PASSED) if isinstance(document, Document))
    strategy = options.strategy
    if isinstance(strategy, PaperLines):
        outcomes = (outcome for _, outcome in strategy.draws(documents, rng_seed=rng_seed))
        yield from (outcome for outcome in outcomes if isinstance(outcome, Draw))
        return
    rules = options.rules(rng_seed)
    for document in documents:
        drawn = rules.draw(document, normalised(document.content))
        if isinstance(drawn, Draw):
            yield drawn
