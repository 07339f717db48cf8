"""The journal's index: what is done, where each answer lies, what was paid; memory does not grow with the run.

An SQLite file beside the journal. The journal is the truth: an index that is missing, damaged or behind is made
anew or brought up to date from it, and nobody needs to keep it. It is never ahead: only what is durable in the journal
is committed.
"""

import logging
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from magicoder_gen.errors import CorruptData, DiskError, MagicoderError, creating
from magicoder_gen.generate import index_file, journal
from magicoder_gen.generate.journal import Entry, Place
from magicoder_gen.records import Intent, Reply, Traffic

logger = logging.getLogger(__name__)

OPEN, REPLIED, FAILED, REFUSED = range(4)  # asked without an outcome; answered; may be asked again; need not be


class Totals(msgspec.Struct):
    """Sums over the journal.

    `requests` counts intents, repeated ones too. Tokens and `cost` (USD) are summed over replies; `unpriced` of them
    have no known cost. `lost` requests had no answer but may have been paid, for at most `lost_cost` (USD);
    `unbounded` counts intents whose cost nobody knew.
    """

    requests: int = 0
    replies: int = 0
    refused: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    unpriced: int = 0
    lost: int = 0
    lost_cost: float = 0.0
    unbounded: int = 0


class Index:
    """What the journal in `folder` says, by prompt id."""

    def __init__(self, database: sqlite3.Connection, folder: Path, *, is_behind: bool = True) -> None:
        """Take an opened database; where it may be behind, bring it up to the end of the journal."""
        self.trouble: MagicoderError | None = None  # why nothing is kept any more
        self._database = database
        self.folder = folder
        facts = dict(database.execute("SELECT name, value FROM facts"))
        self.totals = Totals(**{name: facts[name] for name in Totals.__struct_fields__ if name in facts})
        self.open: dict[str, float] = dict(database.execute("SELECT prompt, cost FROM open").fetchall())
        self.open_cost = sum(self.open.values())
        self.replayed: set[str] = set()  # the prompts of which the journal knew more than the database
        self._end = Place(facts.get("part", 0), facts.get("offset", 0))
        for entry, place, length in journal.entries(folder, self._end) if is_behind else ():
            self.note(entry, place)
            if facts:  # else all of it, and there is no plan either
                self.replayed.add(entry.prompt_id)
            self._end = Place(place.part, place.offset + length)
        if self.trouble:
            raise self.trouble

    @classmethod
    def writing(cls, folder: Path) -> Self:
        """Open the index for the journal's one writer; where the file cannot be written, memory has to do."""
        with creating(folder):
            folder.mkdir(parents=True, exist_ok=True)
        try:
            return cls(index_file.opened(folder), folder)
        except sqlite3.DatabaseError as error:
            path = folder / index_file.NAME
            logger.warning("%s: %s; going on without this file, which only saves time", path, error)
        return cls(index_file.temporary(), folder)

    @classmethod
    def reading(cls, folder: Path) -> Self:
        """Return what the journal says now, without changing anything on disk."""
        database, is_behind = index_file.snapshot(folder) or (index_file.temporary(), True)
        return cls(database, folder, is_behind=is_behind)

    @classmethod
    def copied(cls, folder: Path) -> Self:
        """Return a copy of what the journal says now, which can be planned with; nothing changes on disk."""
        database, _ = index_file.snapshot(folder, is_copy=True) or (index_file.temporary(), True)
        return cls(database, folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave one plain file where nobody else reads: SQLite opens no other on a folder that cannot be written."""
        self._database.rollback()
        with suppress(sqlite3.OperationalError):
            self._database.execute("PRAGMA busy_timeout = 0")
            self._database.execute("PRAGMA journal_mode = DELETE")
        self._database.close()

    def commit_as_read(self) -> None:
        """Keep what was found at the opening, and what was planned since; nothing may have been noted."""
        self.commit(self._end)

    def commit(self, end: Place) -> None:
        """Keep what was noted, all of which is durable in the journal, which ends at `end`."""
        facts = msgspec.structs.asdict(self.totals) | {"part": end.part, "offset": end.offset}
        facts["parts"] = index_file.traits(self.folder, end)
        with self._asking():
            self._database.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())
            self._database.execute("DELETE FROM open")
            self._database.executemany("INSERT INTO open VALUES (?, ?)", self.open.items())
            self._database.commit()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Raise what stands in the body's way, and from then on: SQLite may have taken back more than that."""
        if self.trouble:
            raise self.trouble
        path = self.folder / index_file.NAME
        try:
            yield
        except sqlite3.OperationalError as error:
            self.trouble = DiskError(f"{path}: {error}; free space and run the same command again")
            raise self.trouble from error
        except sqlite3.ProgrammingError:  # ours
            raise
        except sqlite3.DatabaseError as error:
            self.trouble = CorruptData(f"{path}: {error}; delete this file: it is made anew from the journal")
            raise self.trouble from error

    def at_most(self) -> float:
        """Return the most that everything sent so far can have cost, in USD, as far as prices are known."""
        return self.totals.cost + self.totals.lost_cost + self.open_cost

    def note(self, entry: Entry, place: Place) -> None:
        """Take one entry into account; what cannot be kept makes `trouble`, since the journal has it all the same."""
        if isinstance(entry, Intent):
            self._send(entry)
            return
        cost = self._closed(entry.prompt_id)
        if isinstance(entry, Reply):
            self._bill(entry)
            state, kind = REPLIED, entry.finish_reason
        else:
            if entry.uncertain:
                self._lose(cost)
            self.totals.refused += entry.final
            state, kind = REFUSED if entry.final else FAILED, entry.kind
        row = (entry.prompt_id, entry.seed.index, entry.number, entry.redo_of, state, kind, place.part, place.offset)
        with suppress(DiskError, CorruptData):
            self.run("INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row)

    def _send(self, intent: Intent) -> None:
        """Open a request; an earlier one without an outcome may have been paid."""
        if intent.prompt_id in self.open:
            self._lose(self._closed(intent.prompt_id))
        self.open[intent.prompt_id] = intent.cost or 0.0
        self.open_cost += intent.cost or 0.0
        self.totals.requests += 1
        self.totals.unbounded += intent.cost is None

    def _closed(self, prompt_id: str) -> float:
        """Return the most that the open request for a prompt can cost, which it no longer is."""
        cost = self.open.pop(prompt_id, 0.0)
        self.open_cost = self.open_cost - cost if self.open else 0.0
        return cost

    def _lose(self, cost: float) -> None:
        self.totals.lost += 1
        self.totals.lost_cost += cost

    def _bill(self, reply: Reply) -> None:
        totals = self.totals
        totals.replies += 1
        if reply.usage:
            totals.input_tokens += reply.usage.input_tokens
            totals.output_tokens += reply.usage.output_tokens
        totals.unpriced += reply.cost is None
        totals.cost += reply.cost or 0.0

    def state(self, prompt_id: str) -> int | None:
        """Return OPEN, REPLIED, FAILED or REFUSED; None for a prompt that was never sent."""
        row = self._row("SELECT state FROM outcomes WHERE prompt = ?", prompt_id)
        return OPEN if prompt_id in self.open else row[0] if row else None

    def is_done(self, prompt_id: str) -> bool:
        """Whether asking again would be a waste."""
        return prompt_id not in self.open and self.state(prompt_id) in {REPLIED, REFUSED}

    def place(self, prompt_id: str) -> Place | None:
        """Return where the reply to a prompt lies."""
        row = self._row("SELECT part, offset FROM outcomes WHERE prompt = ? AND state = ?", prompt_id, REPLIED)
        return Place(*row) if row else None

    def places(self) -> Iterator[Place]:
        """Yield where replies lie, in the order of their seeds; of several for one wanted, the last that is whole."""
        rows = self.rows(
            "SELECT part, offset FROM (SELECT part, offset, seed, number, row_number() OVER ("
            " PARTITION BY seed, number ORDER BY kind IS 'length', part DESC, offset DESC) AS choice"
            " FROM outcomes WHERE state = ?) WHERE choice = 1 ORDER BY seed, number",
            REPLIED,
        )
        return (Place(*row) for row in rows)

    def wanted(self) -> int:
        """Return how many `places` there are."""
        query = "SELECT count(*) FROM (SELECT DISTINCT seed, number FROM outcomes WHERE state = ?)"
        count: int = self._row(query, REPLIED)[0]
        return count

    def ends(self) -> Counter[tuple[int, str]]:
        """Return how many prompts of the run came to which state and kind; that some are redone changes nothing.

        Those of another plan do not count. What a killed command planned may be missing from the plan.
        """
        query = (
            "SELECT state, kind, count(*) FROM outcomes WHERE redo_of IS NULL AND (prompt IN (SELECT prompt FROM plan)"
            " OR (seed, number) NOT IN (SELECT seed, number FROM plan)) GROUP BY state, kind"
        )
        return Counter({(state, kind): count for state, kind, count in self.rows(query)})

    def kinds(self) -> Counter[str]:
        """Return how many prompts failed, by kind."""
        return Counter(dict(self.rows("SELECT kind, count(*) FROM outcomes WHERE state > 1 GROUP BY kind")))

    def traffic(self) -> Traffic:
        """Return the sums as they are shown; quick, whatever the length of the journal."""
        totals, uncertain = self.totals, self.totals.lost + len(self.open)
        return Traffic(
            requests=totals.requests,
            replies=totals.replies,
            failed=dict(sorted(self.kinds().items())),
            uncertain=uncertain,
            uncertain_cost=None if uncertain and totals.unbounded else totals.lost_cost + self.open_cost,
            input_tokens=totals.input_tokens,
            output_tokens=totals.output_tokens,
            cost=totals.cost if totals.replies and not totals.unpriced else None,
        )

    def rows(self, query: str, *values: Any) -> Iterator[Any]:
        """Yield the rows of a query."""
        with self._asking():
            cursor = self._database.execute(query, values)
        return self._fetched(cursor)

    def _fetched(self, cursor: sqlite3.Cursor) -> Iterator[Any]:
        with self._asking():
            while (row := cursor.fetchone()) is not None:
                yield row

    def run(self, statement: str, *values: Any) -> int:
        """Carry out a statement; return how many rows it changed."""
        with self._asking():
            return self._database.execute(statement, values).rowcount

    def fact(self, name: str) -> Any:
        """Return what was kept under that name, None if nothing was."""
        row = self._row("SELECT value FROM facts WHERE name = ?", name)
        return row[0] if row else None

    def keep(self, name: str, value: Any) -> None:
        """Keep a fact."""
        self.run("INSERT OR REPLACE INTO facts VALUES (?, ?)", name, value)

    def _row(self, query: str, *values: Any) -> Any:
        return next(self.rows(query, *values), None)
