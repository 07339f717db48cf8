"""Exact duplicates: texts that are equal once all whitespace is gone, the rule of the paper's published cleaning.

Only samples that stay count as seen, and the first in seed order stays. In memory are, per key and sample, a digest
and the sample's id with its seed's index, no text.
"""

import hashlib
from typing import Literal

from magicoder_gen.records import Options, Sample

Key = Literal["seed", "problem", "solution"]
_INDEX_BYTES = 8


class Exact(Options, frozen=True):
    """Which texts must be new; each key alone makes a duplicate. The paper uses all three.

    `seed` drops answers to another seed of the same text; several answers to one seed (`answers_per_seed`) are no
    duplicates for their seed's sake.
    """

    keys: tuple[Key, ...] = ("seed", "problem", "solution")

    def memory(self) -> "Memory":
        """Return an empty memory for one pass over the samples."""
        return Memory(self.keys)


class Memory:
    """What was seen so far: per key and digest of a text, the first sample with it: its id and its seed's index."""

    def __init__(self, keys: tuple[Key, ...]) -> None:
        self._seen: dict[Key, dict[bytes, bytes]] = {key: {} for key in keys}

    def admit(self, sample: Sample) -> tuple[Key, str] | None:
        """Remember a new sample; of a duplicate return the key that repeats and the id of the one kept."""
        digests = {key: _digest(_text(sample, key)) for key in self._seen}
        index = sample.seed.index.to_bytes(_INDEX_BYTES)
        for key, digest in digests.items():
            first = self._seen[key].get(digest)
            if first is not None and (key != "seed" or not first.endswith(index)):
                return key, first[:-_INDEX_BYTES].hex()
        for key, digest in digests.items():
            self._seen[key].setdefault(digest, bytes.fromhex(sample.id) + index)
        return None


def _text(sample: Sample, key: Key) -> str:
    texts = {"seed": sample.seed.text, "problem": sample.problem, "solution": sample.solution}
    return texts[key]


def _digest(text: str) -> bytes:
    return hashlib.sha256("".join(text.split()).encode()).digest()[:16]
