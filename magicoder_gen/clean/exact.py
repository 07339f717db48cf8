"""Exact duplicates: texts that are equal once all whitespace is gone, the rule of the paper's published cleaning.

Only samples that stay count as seen, and the first in seed order stays. In memory are a digest and
a sample id per key and sample, no text.
"""

import hashlib
from typing import Literal

from magicoder_gen.records import Options, Sample

Key = Literal["seed", "problem", "solution"]


class Exact(Options, frozen=True):
    """Which texts must be new; each key alone makes a duplicate. The paper uses all three."""

    keys: tuple[Key, ...] = ("seed", "problem", "solution")

    def memory(self) -> "Memory":
        """Return an empty memory for one pass over the samples."""
        return Memory(self.keys)


class Memory:
    """What was seen so far: per key, the digest of the text and the id of the sample that stays."""

    def __init__(self, keys: tuple[Key, ...]) -> None:
        self._seen: dict[Key, dict[bytes, bytes]] = {key: {} for key in keys}

    def admit(self, sample: Sample) -> tuple[Key, str] | None:
        """Remember a new sample; of a duplicate return the key that repeats and the id of the one kept."""
        digests = {key: _digest(_text(sample, key)) for key in self._seen}
        for key, digest in digests.items():
            kept = self._seen[key].get(digest)
            if kept is not None:
                return key, kept.hex()
        for key, digest in digests.items():
            self._seen[key][digest] = bytes.fromhex(sample.id)
        return None


def _text(sample: Sample, key: Key) -> str:
    texts = {"seed": sample.seed.text, "problem": sample.problem, "solution": sample.solution}
    return texts[key]


def _digest(text: str) -> bytes:
    return hashlib.sha256("".join(text.split()).encode()).digest()[:16]
