"""Read parts of a corpus and keep what may become seeds: the work that is spread over processes."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import xxhash

from magicoder_gen.fingerprint import digest, rng
from magicoder_gen.records import Document, Fragment, Quality, Record, Skipped, Snippet, Strategy
from magicoder_gen.sample.pools import UNLIMITED, Candidate, Draw, Pool, PoolState
from magicoder_gen.sample.texts import UNUSUAL_STARTS, content_id, normalised

ANY = ""  # the language of a pool that takes all
Group = tuple[str, int]  # language or ANY, number of the corpus or -1

_HASH_BITS_BEHIND_BUCKET = 52  # 4 096 buckets: that much of the corpus is looked at without need, at most
BUCKETS = 1 << (64 - _HASH_BITS_BEHIND_BUCKET)
_POSITION_BITS = 32  # documents of one fragment


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
            shift = _HASH_BITS_BEHIND_BUCKET if self._rules.order == "hash" else 0
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

    def may_gain(self, task: "Task") -> bool:
        """Whether the documents of a task can still become candidates; those that are read in order end some time."""
        if self._rules.order == "hash":
            return True
        first = task.fragments[0][0] << _POSITION_BITS
        pools = [self.pool(self.group(language, task.corpus)) for language in self._rules.wanted]
        return any(pool is not None and pool.limit >= first for pool in pools)

    def merge(self, findings: "Findings") -> None:
        """Add what a scan has found."""
        self.skipped.update(findings.skipped)
        for group, state in findings.pools:
            pool = self.pool(group)
            assert pool is not None
            pool.merge(state)

    def findings(self, details: Sequence[str] = ()) -> "Findings":
        """Return everything, to be merged elsewhere."""
        pools = tuple((group, pool.state()) for group, pool in self._pools.items())
        return Findings(dict(self.skipped), pools, tuple(details))

    def limits(self) -> dict[Group, int]:
        """Return the last bucket that still counts of each group whose pool is full."""
        return {group: pool.limit for group, pool in self._pools.items() if pool.limit < UNLIMITED}

    def groups(self) -> dict[Group, Pool]:
        """Return the pools."""
        return self._pools


class Findings(Record, frozen=True):
    """What a scan found: why documents were skipped, pools by group, lines for the log."""

    skipped: dict[str, int]
    pools: tuple[tuple[Group, PoolState], ...]
    details: tuple[str, ...] = ()


class Task(Record, frozen=True):
    """Fragments of one corpus to read, each with its place in the order of all, and what is known already."""

    number: int
    corpus: int
    fragments: tuple[tuple[int, Fragment], ...]
    limits: dict[Group, int]


def scan(rules: Rules, task: Task) -> Findings:
    """Read the task's fragments and return what may become seeds; the order of tasks does not matter."""
    candidates = Candidates(rules)
    details: list[str] = []
    for number, fragment in task.fragments:
        _read(number, fragment, candidates, rules=rules, task=task, details=details)
    return candidates.findings(details)


def _read(
    number: int, fragment: Fragment, candidates: Candidates, *, rules: Rules, task: Task, details: list[str]
) -> None:
    """Offer every document of one fragment; this loop sees all of the corpus, so it is written for speed."""
    hash_seed = int(digest(["order of documents", rules.rng_seed])[:16], 16)
    hashed = xxhash.xxh3_64_intdigest if rules.order == "hash" else None
    language: str | None = None
    pool: Pool | None = None
    limit = bound = 0
    for position, document in enumerate(fragment.read(), start=number << _POSITION_BITS):
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


def probe(rules: Rules, fragment: Fragment, number: int) -> tuple[Counter[str], Counter[str]]:
    """Try at most `number` documents of a fragment; return how many of each language were tried and were fit."""
    tried: Counter[str] = Counter()
    fit: Counter[str] = Counter()
    for document in fragment.read():
        if tried.total() == number:
            break
        if isinstance(document, Document):
            tried[document.language] += 1
            fit[document.language] += not isinstance(rules.draw(document, normalised(document.content)), str)
    return tried, fit
