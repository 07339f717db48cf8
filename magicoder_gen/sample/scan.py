"""Read parts of a corpus and keep what may become seeds: the work that is spread over processes."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, islice
from typing import Literal

import msgspec
import xxhash

from magicoder_gen.fingerprint import digest, rng
from magicoder_gen.records import Record
from magicoder_gen.sample.pools import UNLIMITED, Candidate, Draw, Pool, PoolState
from magicoder_gen.sample.protocols import Document, Fragment, Quality, Skipped, Snippet, Strategy
from magicoder_gen.sample.texts import UNUSUAL_STARTS, content_id, normalised

ANY = ""  # the language of a pool that takes all
Group = tuple[str, int]  # language or ANY, number of the corpus or -1

_HASH_BITS_BEHIND_BUCKET = 52  # 4 096 buckets: that much of the corpus is looked at without need, at most
BUCKETS = 1 << (64 - _HASH_BITS_BEHIND_BUCKET)
_POSITION_BITS = 32  # documents of one fragment
_STRETCH_BITS = 6
STRETCH = 1 << _STRETCH_BITS  # documents that are read on without need in reading order, at most


class Rules(Record, frozen=True):
    """What decides which snippet a document gives and whether it is fit; `wanted` is candidates per language."""

    strategy: Strategy
    quality: tuple[Quality, ...]
    rng_seed: int
    max_line_length: int
    wanted: dict[str, int]
    order: Literal["hash", "position"]
    by_corpus: bool
    per_repo: int | None

    def draw(self, document: Document, content: bytes) -> Draw | str:
        """Return the document's snippet, or why it has none; `content` is its normal form."""
        try:
            source = content.decode()
        except UnicodeDecodeError:
            return "encoding"
        reason = self._unfit(source)
        if reason:
            return reason
        document_id = content_id(content)
        window = self.strategy.window(source, document.language, rng(self.rng_seed, document_id))
        if isinstance(window, str):
            return window
        first, stop = window
        lines = source.split("\n", stop)
        text = "\n".join(lines[first:stop]) + ("\n" if stop < len(lines) else "")
        snippet = Snippet(text, first + 1, stop, document.language, source, document.locate())
        for check in self.quality:
            reason = check.reason(snippet)
            if reason:
                return reason
        return Draw(document_id, text, document.language, first + 1, stop, snippet.origin)

    def _unfit(self, source: str) -> str | None:
        if "\0" in source:
            return "binary"
        if not source or source.isspace():
            return "empty"
        if len(source) > self.max_line_length and max(map(len, source.split("\n"))) > self.max_line_length:
            return "too_long_line"
        return None


class Candidates:
    """All candidates found so far, in one pool per group, and what could not be used."""

    def __init__(self, rules: Rules) -> None:
        self.skipped: Counter[str] = Counter()
        self._rules = rules
        self._pools: dict[Group, Pool] = {}

    def pool(self, group: Group) -> Pool | None:
        """Return the pool of that group, None if no seeds are wanted of it."""
        pool = self._pools.get(group)
        if pool is None and group[0] in self._rules.wanted:
            shift = _HASH_BITS_BEHIND_BUCKET if self._rules.order == "hash" else _STRETCH_BITS
            pool = Pool(self._rules.wanted[group[0]], shift=shift, per_repo=self._rules.per_repo)
            self._pools[group] = pool
        return pool

    def group(self, language: str, corpus: int) -> Group:
        """Return where a document of that language and corpus belongs."""
        wanted = ANY if ANY in self._rules.wanted else language
        return wanted, corpus if self._rules.by_corpus else -1

    @property
    def taken(self) -> int:
        """How many documents were read."""
        return sum(pool.taken for pool in self._pools.values()) + self.skipped.total()

    def may_gain(self, corpus: int, position: int, limits: Mapping[Group, int] | None = None) -> bool:
        """Whether documents of a corpus from `position` on can be candidates; in reading order that ends some time."""
        if self._rules.order == "hash":
            return True
        groups = [self.group(language, corpus) for language in self._rules.wanted]
        pools = [(self.pool(group), (limits or {}).get(group, UNLIMITED)) for group in groups]
        return any(pool is not None and pool.bound(limit) > position for pool, limit in pools)

    def merge(self, findings: "Findings") -> None:
        """Add what a scan has found."""
        self.skipped.update(findings.skipped)
        for group, state in findings.pools:
            pool = self.pool(group)
            assert pool is not None
            pool.merge(state)

    def findings(self, details: Sequence[str] = (), *, first: int = 0) -> "Findings":
        """Return everything, to be merged elsewhere."""
        pools = tuple((group, pool.state()) for group, pool in self._pools.items())
        return Findings(dict(self.skipped), pools, tuple(details), first)

    def limits(self) -> dict[Group, int]:
        """Return the last bucket that still counts of each group whose pool is full."""
        return {group: pool.limit for group, pool in self._pools.items() if pool.limit < UNLIMITED}

    def groups(self) -> dict[Group, Pool]:
        """Return the pools."""
        return self._pools


class Findings(Record, frozen=True):
    """What a scan found: why documents were skipped, pools by group, lines for the log; `first` is its first position.

    In the order of hashes, positions mean nothing.
    """

    skipped: dict[str, int]
    pools: tuple[tuple[Group, PoolState], ...]
    details: tuple[str, ...] = ()
    first: int = 0


class Task(Record, frozen=True):
    """Fragments of one corpus to read, each with its place in the order of all, and what is known already."""

    number: int
    corpus: int
    fragments: tuple[tuple[int, Fragment], ...]
    limits: dict[Group, int]

    @property
    def first(self) -> int:
        """The position of its first document."""
        return self.fragments[0][0] << _POSITION_BITS


def scan(rules: Rules, task: Task) -> tuple[Findings, ...]:
    """Read the task's fragments and return what may become seeds.

    In the order of hashes all at once, and the order of tasks does not matter. In reading order by stretches, and no
    further than a document can be a candidate. Whoever merges them leaves out those that are behind the last
    candidate by then: so what counts as read does not depend on what a worker knew.
    """
    if rules.order == "position":
        return tuple(_stretches(rules, task))
    candidates = Candidates(rules)
    details: list[str] = []
    for number, fragment in task.fragments:
        _read(fragment.read(), number << _POSITION_BITS, candidates, rules=rules, task=task, details=details)
    return (candidates.findings(details),)


def _stretches(rules: Rules, task: Task) -> Iterator[Findings]:
    """Yield the findings of STRETCH documents at a time, or what is left of a fragment, while one may gain."""
    known = Candidates(rules)
    for number, fragment in task.fragments:
        documents = fragment.read()
        for first in count(number << _POSITION_BITS, STRETCH):
            if not known.may_gain(task.corpus, first, task.limits):
                return
            candidates = Candidates(rules)
            details: list[str] = []
            informed = msgspec.structs.replace(task, limits=known.limits() | task.limits)
            stretch = islice(documents, STRETCH)
            read = _read(stretch, first, candidates, rules=rules, task=informed, details=details)
            if read:
                findings = candidates.findings(details, first=first)
                known.merge(findings)
                yield findings
            if read < STRETCH:
                break


def _read(
    documents: Iterable[Document | Skipped],
    first: int,
    candidates: Candidates,
    *,
    rules: Rules,
    task: Task,
    details: list[str],
) -> int:
    """Offer every document, return how many there are; this loop sees all of the corpus, so it is written for speed."""
    hash_seed = int(digest(["order of documents", rules.rng_seed])[:16], 16)
    hashed = xxhash.xxh3_64_intdigest if rules.order == "hash" else None
    language: str | None = None
    pool: Pool | None = None
    limit = bound = 0
    position = first - 1
    for position, document in enumerate(documents, start=first):
        if isinstance(document, Skipped):
            candidates.skipped[document.reason] += document.count
            details.extend([document.detail] if document.detail else [])
            continue
        if document.language is not language:
            language = document.language
            group = candidates.group(language, task.corpus)
            pool = candidates.pool(group)
            limit = task.limits.get(group, UNLIMITED)
            bound = pool.bound(limit) if pool is not None else 0
        if pool is None:
            candidates.skipped["no_quota"] += 1
            continue
        pool.taken += 1
        content = document.content
        if b"\r" in content or content.startswith(UNUSUAL_STARTS):  # seldom: asking here saves most calls
            content = normalised(content)
        key = hashed(content, hash_seed) if hashed else position
        if key >= bound:
            continue
        draw = rules.draw(document, content)
        if isinstance(draw, str):
            pool.refuse(key, draw)
        else:
            pool.offer(Candidate(key, draw))
            bound = pool.bound(limit)
    return position + 1 - first
