"""Which split a sample belongs to: all that comes from one repository goes into one split.

A test set whose snippets stand beside those of the training set in the same repository measures memory.
"""

from collections.abc import Mapping
from itertools import accumulate

from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Sample
from magicoder_gen.storage.optouts import repository

TRAIN = "train"
_HASHES = float(16**32)


class Splits:
    """Draws splits by hash, in proportion to their shares: whatever else is exported, a repository stays where it is.

    As long as the shares do: they lie one after the other between 0 and 1, `train` first, the others by name, in which
    order `names` and `shares`, which sum up to 1, have them.
    """

    def __init__(self, shares: Mapping[str, float]) -> None:
        self.names = sorted(shares, key=lambda name: (name != TRAIN, name))
        whole = sum(shares.values())
        self.shares = {name: shares[name] / whole for name in self.names}
        self._ends = list(accumulate(self.shares.values()))

    def of(self, sample: Sample) -> str:
        """Return the split's name."""
        if len(self.names) == 1:
            return self.names[0]
        place = int(digest(["split", *_group(sample)]), 16) / _HASHES
        return next((name for name, end in zip(self.names, self._ends, strict=True) if place < end), self.names[-1])


def _group(sample: Sample) -> tuple[str, ...]:
    """Return what must not be divided: the repository, else the document, else the snippet, else the row.

    A repository is one however its name is written: by its address, in another case.
    """
    origin = sample.seed.origin
    if origin.repo and (name := repository(origin.repo)):
        return "repo", name
    if origin.path and not origin.path.isspace():
        return "path", origin.corpus, origin.path
    return ("seed", sample.seed.text) if sample.seed.text.strip() else ("row", sample.id)
