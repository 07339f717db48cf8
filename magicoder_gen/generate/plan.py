"""Which prompts a run asks: made from its seeds, remembered by id in the index.

So a resume makes only what is left, and memory does not grow with the run.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import tee
from pathlib import Path

import msgspec

from magicoder_gen.fingerprint import digest
from magicoder_gen.generate import recipes
from magicoder_gen.generate.index import FAILED, REFUSED, REPLIED, Index
from magicoder_gen.records import Origin, Prompt, Record, Seed
from magicoder_gen.storage import jsonl, optouts

SAME_PROMPT = "same_prompt"  # another seed has the same text and language, so one answer serves both
NOT_NEEDED = "not_needed"  # the target was reached before
NOT_ASKED = "not_asked"
ACCEPTED = "accepted"  # the fact that says for which prompts answers to others may serve
UNANSWERED = "unanswered"  # was sent, may have been paid, and will be sent again or collected

_CUT_OFF = "length"  # the finish_reason of an answer that ran out of tokens
_PROBE = Seed("probe", "probe", "python", 1, 1, Origin("probe"), 0)


class Size(msgspec.Struct, frozen=True):
    """How many seeds there are, and how many answers are wanted of each."""

    seeds: int
    answers: int

    @property
    def prompts(self) -> int:
        """How many prompts that makes, those that several seeds have in common counted repeatedly."""
        return self.seeds * self.answers


class _Numbered(Record, frozen=True):
    """What of a seed says which one it is."""

    index: int


class Plan:
    """The prompts of a run, in the order of their seeds."""

    def __init__(self, index: Index, seeds: Path, ask: recipes.Ask, *, size: Size, redo: int | None = None) -> None:
        """`redo` is the number of tokens with which answers that were cut off are asked for again."""
        self._index = index
        self._seeds = seeds
        self._ask = ask
        self.size = size
        self._redo = redo

    def begin(self, fingerprint: str) -> int:
        """Return how many answers at hand belong to no prompt of the plan.

        What was planned for other seeds, another recipe or teacher, or by a release that makes other prompts of them,
        is forgotten; where there are answers, everything is then planned at once. What was adopted is adopted again.
        """
        asks = self._ask(_PROBE, 0).id
        fingerprint = digest([fingerprint, asks])
        if self._index.fact("plan") == fingerprint:
            self._catch_up()
            return 0
        self._index.run("DELETE FROM plan")
        self._index.keep("planned", 0)
        self._index.keep("plan", fingerprint)
        if self._index.totals.replies or self._index.open:
            for _ in self._unplanned():
                pass
        if self._index.fact(ACCEPTED) == asks:
            self.adopt_orphans()
            return 0
        return self._orphans()

    def _catch_up(self) -> None:
        """Plan as far as the journal was ahead of the index, as after a kill: the plan was cut off with it."""
        query = "SELECT 1 FROM plan WHERE prompt = ?"
        lacking = {prompt_id for prompt_id in self._index.replayed if not any(self._index.rows(query, prompt_id))}
        unplanned = self._unplanned()
        while lacking and (prompt := next(unplanned, None)):
            lacking.discard(prompt.id)

    def _orphans(self) -> int:
        query = (
            "SELECT count(*) FROM outcomes WHERE state = ? AND redo_of IS NULL"
            " AND prompt NOT IN (SELECT prompt FROM plan)"
        )
        count: int = next(self._index.rows(query, REPLIED))[0]
        return count

    def adopt_orphans(self) -> None:
        """Let answers that the plan did not ask for serve for their seeds, which are not asked; purged answers too."""
        self._index.keep(ACCEPTED, self._ask(_PROBE, 0).id)
        settled = (REPLIED, optouts.REASON)
        last = next(self._index.rows("SELECT max(seed) FROM plan"))[0]  # purged seeds leave gaps
        self._index.run(
            "DELETE FROM plan WHERE (seed, number) IN ("
            " SELECT seed, number FROM outcomes WHERE (state = ? OR kind IS ?) AND redo_of IS NULL"
            " AND prompt NOT IN (SELECT prompt FROM plan))",
            *settled,
        )
        self._index.run(
            "INSERT OR IGNORE INTO plan SELECT prompt, seed, number FROM outcomes"
            " WHERE (state = ? OR kind IS ?) AND redo_of IS NULL AND seed <= ? AND number < ? GROUP BY seed, number",
            *settled,
            -1 if last is None else last,
            self.size.answers,
        )

    def pending(self) -> Iterator[Prompt]:
        """Yield what has no outcome yet, each id once, although two seeds may ask the same."""
        yield from self._left()
        yield from (prompt for prompt in self._unplanned() if not self._index.is_done(prompt.id))

    def _left(self) -> Iterator[Prompt]:
        """Yield what was planned by an earlier command and is not done."""
        query = (
            "SELECT p.seed, p.number FROM plan AS p LEFT JOIN outcomes AS o USING (prompt)"
            " WHERE o.state IS NULL OR o.state NOT IN (?, ?)"
            " ORDER BY p.seed, p.number"
        )
        yield from self._made(self._index.rows(query, REPLIED, REFUSED))

    def _unplanned(self) -> Iterator[Prompt]:
        """Yield the prompts of seeds that were never looked at, and remember them."""
        planned: int = self._index.fact("planned") or 0
        lines = range(planned, self.size.seeds)
        for line, seed in zip(lines, jsonl.pick(self._seeds, Seed, lines), strict=True):
            prompts = [self._ask(seed, number) for number in range(self.size.answers)]
            new = [prompt for prompt in prompts if self._remember(prompt)]
            self._index.keep("planned", line + 1)
            yield from new

    def _remember(self, prompt: Prompt) -> bool:
        """Plan a prompt; return whether it is new."""
        row = (prompt.id, prompt.seed.index, prompt.number)
        return self._index.run("INSERT OR IGNORE INTO plan VALUES (?, ?, ?)", *row) > 0

    def redone(self) -> Iterator[Prompt]:
        """Yield, for answers that were cut off, what asks for a longer one; nothing if none is wanted."""
        if self._redo is None:
            return
        query = (
            "SELECT p.seed, p.number FROM plan AS p JOIN outcomes AS o USING (prompt)"
            " WHERE o.state = ? AND o.kind = ? AND NOT EXISTS ("
            " SELECT 1 FROM outcomes AS r WHERE r.redo_of = p.prompt AND r.state = ? AND r.kind IS NOT ?)"
            " ORDER BY p.seed, p.number"
        )
        rows = self._index.rows(query, REPLIED, _CUT_OFF, REPLIED, _CUT_OFF)
        again = (recipes.with_more_tokens(prompt, self._redo) for prompt in self._made(rows))
        yield from (prompt for prompt in again if not self._index.is_done(prompt.id))

    def to_redo(self) -> int:
        """Return how many prompts `redone` yields."""
        return sum(1 for _ in self.redone())

    def _made(self, wanted: Iterator[tuple[int, int]]) -> Iterator[Prompt]:
        """Make the prompts of (seed, number) pairs that come in order."""
        ahead, pairs = tee(wanted)
        seeds = jsonl.pick(self._seeds, Seed, _lines_of(self._seeds, (index for index, _ in ahead)))
        for seed, (_, number) in zip(seeds, pairs, strict=True):
            yield self._ask(seed, number)

    def is_complete(self) -> bool:
        """Whether every prompt has an answer or will never have one, also those that are redone."""
        return self.left() == 0 and next(self.redone(), None) is None

    def left(self) -> int:
        """Return how many prompts could still get their first answer."""
        return self._known() - self.done() + self._unknown()

    def _known(self) -> int:
        """Return how many prompts are planned."""
        count: int = next(self._index.rows("SELECT count(*) FROM plan"))[0]
        return count

    def _unknown(self) -> int:
        """Return how many prompts are not planned yet."""
        planned: int = self._index.fact("planned") or 0
        return (self.size.seeds - planned) * self.size.answers

    def done(self) -> int:
        """Return how many planned prompts have an answer or will never have one."""
        query = "SELECT count(*) FROM plan JOIN outcomes USING (prompt) WHERE state IN (?, ?)"
        count: int = next(self._index.rows(query, REPLIED, REFUSED))[0]
        return count

    def answered(self) -> int:
        """Return how many prompts of the plan have their answer."""
        query = "SELECT count(*) FROM plan JOIN outcomes USING (prompt) WHERE state = ?"
        count: int = next(self._index.rows(query, REPLIED))[0]
        return count

    def reasons(self, *, not_asked: str = NOT_ASKED) -> Counter[str]:
        """Return why prompts have no answer of their own; `not_asked` is the reason of those that were never sent."""
        query = (
            "SELECT CASE WHEN state IN (?, ?) THEN kind ELSE ? END AS reason, count(*) FROM plan"
            " LEFT JOIN outcomes USING (prompt) WHERE state IS NOT ? GROUP BY reason"
        )
        counts = Counter(dict(self._index.rows(query, FAILED, REFUSED, not_asked, REPLIED)))
        counts[UNANSWERED] = self._unanswered()
        counts[not_asked] += self._unknown() - counts[UNANSWERED]
        counts[SAME_PROMPT] = self.size.prompts - self._unknown() - self._known()
        return +counts

    def failures(self, *, final: bool) -> Counter[str]:
        """Return the kinds of failures of prompts that can be asked again, or (`final`) never will be."""
        query = (
            "SELECT kind, count(*) FROM plan JOIN outcomes USING (prompt) WHERE state = ? GROUP BY kind ORDER BY kind"
        )
        return Counter(dict(self._index.rows(query, REFUSED if final else FAILED)))

    def _unanswered(self) -> int:
        """Return how many planned prompts were sent and never had an outcome."""
        query = "SELECT 1 FROM plan LEFT JOIN outcomes USING (prompt) WHERE prompt = ? AND state IS NULL"
        return sum(len(list(self._index.rows(query, prompt))) for prompt in self._index.open)


def _lines_of(folder: Path, indexes: Iterator[int]) -> Iterator[int]:
    """Yield on which line, from 0, each seed stands; `indexes` never fall, and have gaps where seeds were purged."""
    lines = enumerate(jsonl.read_parts(folder, _Numbered))
    line, seed = -1, _Numbered(-1)
    for index in indexes:
        while seed.index < index:
            line, seed = next(lines)
        yield line
