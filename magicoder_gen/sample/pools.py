"""Snippets drawn from documents, and which of them may still become seeds."""

import heapq
from bisect import insort
from collections import Counter, defaultdict

import msgspec

from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Origin, Record, Seed

UNLIMITED = 1 << 64  # more than any key


class Draw(Record, frozen=True, gc=False):
    """A snippet: lines `first_line` to `last_line` (from 1, inclusive) of a document."""

    document_id: str
    text: str
    language: str
    first_line: int
    last_line: int
    origin: Origin

    def seed(self, index: int) -> Seed:
        """Return the seed at place `index` of the run."""
        identity = digest([self.document_id, self.first_line, self.last_line])
        return Seed(identity, self.text, self.language, self.first_line, self.last_line, self.origin, index)


class Candidate(Record, frozen=True, gc=False):
    """A draw, its document's place in the order, and how many further documents equal it."""

    key: int
    draw: Draw
    copies: int = 0

    def joined(self, other: "Candidate") -> "Candidate":
        """Return what stands for both of two equal documents: the last in order of language and origin."""
        draw = max(self.draw, other.draw, key=_preference)
        return Candidate(self.key, draw, self.copies + 1 + other.copies)


class Refusals(Record, frozen=True):
    """Documents whose keys fall into `bucket` and that gave no snippet, and why."""

    bucket: int
    reason: str
    count: int


class PoolState(Record, frozen=True):
    """What a pool holds, as a worker or a checkpoint hands it on."""

    taken: int
    candidates: tuple[Candidate, ...]
    refusals: tuple[Refusals, ...]


class Pool:
    """Keeps the `capacity` candidates with the smallest keys, at most `per_repo` of one repository; memory O(capacity).

    Each document has a key of 64 bits; equal documents have equal keys. Whatever the order in which documents are
    offered, and however they are spread over pools that are merged later, the same candidates stay: a document is out
    for good as soon as enough others have smaller keys. With keys that are hashes this is a uniform sample.

    `limit` is the bucket (key >> `shift`) of the largest key that still counts. Documents behind it need not even
    be looked at, so reasons are known only for documents before it: they are counted by bucket, and those of the
    last one are left out, where it depends on the order of reading who was looked at.

    With `per_repo`, equal documents of several repositories take a place each, or it would depend on the order whose
    place they take.
    """

    def __init__(self, capacity: int, *, shift: int, per_repo: int | None = None) -> None:
        self.taken = 0
        self.limit = UNLIMITED
        self.capacity = capacity
        self._shift = shift
        self._per_repo = per_repo
        self._kept: dict[tuple[int, str], Candidate] = {}  # by key and, if that matters, repository
        self._heap: list[tuple[int, str]] = []  # negated key, repository: the last in order on top
        self._of_repo: dict[str, list[int]] = defaultdict(list)
        self._refused: Counter[tuple[int, str]] = Counter()

    def __len__(self) -> int:
        return len(self._kept)

    def bound(self, limit: int) -> int:
        """Return the key from which on nothing counts, nor behind the bucket `limit`."""
        return (min(self.limit, limit) + 1) << self._shift

    def refuse(self, key: int, reason: str, count: int = 1) -> None:
        """Take note that `count` documents with that key gave no snippet."""
        self._refused[key >> self._shift, reason] += count

    def offer(self, candidate: Candidate) -> None:
        """Keep the candidate if its key is among the smallest so far."""
        repo = (candidate.draw.origin.repo or "") if self._per_repo else ""
        place = candidate.key, repo
        if place in self._kept:
            self._kept[place] = self._kept[place].joined(candidate)
        elif not repo or self._has_room(repo, candidate):
            self._kept[place] = candidate
            heapq.heappush(self._heap, (-candidate.key, repo))
            self._shrink()

    def _has_room(self, repo: str, candidate: Candidate) -> bool:
        """Make room for a candidate that is before others of its repository; refuse it if it is not."""
        keys = self._of_repo[repo]
        if len(keys) == self._per_repo:
            last = self._kept[keys[-1], repo]
            if candidate.key > last.key:
                self.refuse(candidate.key, "repo_full", 1 + candidate.copies)
                return False
            del self._kept[keys.pop(), repo]
            self.refuse(last.key, "repo_full", 1 + last.copies)
        insort(keys, candidate.key)
        return True

    def _shrink(self) -> None:
        """Let go of the last in order where there are too many; note the limit."""
        if len(self._kept) > self.capacity:
            key, repo = self._last()
            del self._kept[key, repo]
            if repo:
                self._of_repo[repo].remove(key)
        if len(self._kept) == self.capacity:
            self.limit = self._last()[0] >> self._shift

    def _last(self) -> tuple[int, str]:
        """Return the place with the largest key; the heap still holds places that others took over."""
        while (-self._heap[0][0], self._heap[0][1]) not in self._kept:
            heapq.heappop(self._heap)
        return -self._heap[0][0], self._heap[0][1]

    def merge(self, other: PoolState) -> None:
        """Add what another pool of the same kind has found."""
        self.taken += other.taken
        for candidate in other.candidates:
            self.offer(candidate)
        for refusals in other.refusals:
            if refusals.bucket <= self.limit:
                self._refused[refusals.bucket, refusals.reason] += refusals.count

    def state(self) -> PoolState:
        """Return what it holds, to be merged elsewhere."""
        refusals = [Refusals(*where, count) for where, count in self._refused.items() if where[0] <= self.limit]
        return PoolState(self.taken, tuple(self._kept.values()), tuple(refusals))

    def candidates(self) -> list[Candidate]:
        """Return the candidates in the order of their keys, equal documents as one."""
        found: dict[int, Candidate] = {}
        for key, repo in sorted(self._kept):
            candidate = self._kept[key, repo]
            found[key] = found[key].joined(candidate) if key in found else candidate
        return list(found.values())

    def reasons(self) -> Counter[str]:
        """Return why documents gave no candidate, as far as that is certain."""
        sums: Counter[str] = Counter()
        for (bucket, reason), count in self._refused.items():
            if bucket < self.limit:
                sums[reason] += count
        return sums


def _preference(draw: Draw) -> tuple[str, ...]:
    return (draw.language, *(value or "" for value in msgspec.structs.astuple(draw.origin)))
