"""What was handed in: which prompt is in which batch, and how far each batch is; one file, all of it durable.

`RUN/replies/batches/ledger.sqlite`. A prompt is in it from just after its intent until its outcome is in the journal,
so what is in the ledger is not asked again. Each step with the provider is noted before and after it is made.
"""

import sqlite3
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from magicoder_gen.amounts import number_of
from magicoder_gen.errors import CorruptData, DiskError, creating
from magicoder_gen.records import Prompt, Record

_NAME = "ledger.sqlite"

_SCHEMA = """
CREATE TABLE batches (
    number INTEGER PRIMARY KEY AUTOINCREMENT, tag TEXT, requests INTEGER, sealed REAL,
    file_id TEXT, creating INTEGER DEFAULT 0, alone INTEGER DEFAULT 0, batch_id TEXT
);
CREATE TABLE prompts (
    id TEXT PRIMARY KEY, batch INTEGER, tries INTEGER DEFAULT 0, planned TEXT, record BLOB
) WITHOUT ROWID;
CREATE INDEX by_batch ON prompts (batch);
"""


class Lot(msgspec.Struct, frozen=True, array_like=True):
    """A batch as we know it: prompts in one file.

    `tag` is what the provider keeps as metadata, `sealed` the time (seconds since 1970) at which its file was
    written. `creating` is whether the provider may have been asked to begin it, `alone` whether no other of ours was
    under way then.
    """

    number: int
    tag: str
    requests: int
    sealed: float
    file_id: str | None
    creating: bool
    alone: bool
    batch_id: str | None


class Entry(msgspec.Struct, frozen=True):
    """A prompt that was handed in, and how often a request for it failed."""

    prompt: Prompt
    tries: int


class Handed(Record, frozen=True):
    """What waits without an outcome: `prompts` in `batches` that the provider has, or may have, `written` in files.

    `cost` is the most that those in batches can cost in USD, `written_cost` that of the others.
    """

    prompts: int
    batches: int
    written: int
    cost: float
    written_cost: float

    def said(self) -> str:
        """Return it as text, empty where there is nothing."""
        batches = f"{self.batches:,} batch{'' if self.batches == 1 else 'es'}"
        sent = f"{_prompts(self.prompts)} in {batches} under way" if self.prompts else ""
        written = f"{_prompts(self.written)} written to files and not sent" if self.written else ""
        return "; ".join(filter(None, (sent, written)))

    def others(self, number: int, cost: float | None) -> tuple[int, float | None]:
        """Return how many of so many requests without an outcome are not here, and the most they can cost in USD."""
        number -= self.prompts + self.written
        return number, None if cost is None else max(0.0, cost - self.cost - self.written_cost)


NOTHING = Handed(0, 0, 0, 0.0, 0.0)


def _prompts(number: int) -> str:
    return f"{number_of(number, 'prompt')} {'is' if number == 1 else 'are'}"


def handed_in(folder: Path, open_costs: Mapping[str, float]) -> tuple[Handed, frozenset[str]]:
    """Return what the ledger in `folder` has of prompts without an outcome, and the ids of those in batches.

    Nothing changes on disk. `open_costs` are those that have none, with the most they can cost. A ledger that cannot
    be read counts as none: then these are requests that may have been paid, which is true.
    """
    path = folder / _NAME
    if not path.exists():
        return NOTHING, frozenset()
    # What nobody has open is one plain file; to say so spares SQLite files of its own, which it could not always write.
    mode = "mode=ro" if path.with_name(f"{_NAME}-wal").exists() else "immutable=1"
    query = "SELECT id, number FROM prompts LEFT JOIN batches ON batch = number AND (creating OR batch_id IS NOT NULL)"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True)) as database:
            rows = [row for row in database.execute(query) if row[0] in open_costs]
    except sqlite3.DatabaseError:
        rows = []
    sent = {prompt_id: number for prompt_id, number in rows if number is not None}
    cost = sum(open_costs[prompt_id] for prompt_id in sent)
    written_cost = sum(open_costs[prompt_id] for prompt_id, number in rows if number is None)
    return Handed(len(sent), len(set(sent.values())), len(rows) - len(sent), cost, written_cost), frozenset(sent)


class Ledger:
    """The ledger in `folder`; its only user holds the run's lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / _NAME
        with creating(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with self._guarded():
            self._database = sqlite3.connect(self._path, isolation_level=None)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            if not self._row("SELECT 1 FROM sqlite_master WHERE name = 'prompts'"):
                self._database.executescript(f"BEGIN;{_SCHEMA}COMMIT;")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    @contextmanager
    def changes(self) -> Iterator[None]:
        """Make what the body changes durable at once, or not at all."""
        self._run("BEGIN")
        try:
            yield
        except BaseException:
            self._run("ROLLBACK")
            raise
        self._run("COMMIT")

    def remember(self) -> None:
        """Let `holds` speak of what is in the ledger now, for as long as it is open."""
        self._run("CREATE TEMP TABLE earlier (id TEXT PRIMARY KEY) WITHOUT ROWID")
        self._run("INSERT INTO earlier SELECT id FROM prompts")

    def holds(self, prompt_id: str) -> bool:
        """Whether a prompt was handed in by an earlier command, whatever became of it in this one."""
        return self._row("SELECT 1 FROM earlier WHERE id = ?", prompt_id) is not None

    def ids(self) -> Iterator[tuple[str, str]]:
        """Yield each prompt's id, and the id of the planned prompt that it belongs to, which may be itself."""
        return self._every("SELECT id, planned FROM prompts ORDER BY id")

    def add(self, prompts: Iterable[Prompt]) -> None:
        """Take prompts in that wait for a batch."""
        rows = [(one.id, one.redo_of or one.id, msgspec.json.encode(one)) for one in prompts]
        with self.changes(), self._guarded():
            self._database.executemany("INSERT INTO prompts (id, planned, record) VALUES (?, ?, ?)", rows)

    def remove(self, prompt_id: str) -> None:
        """Forget a prompt, whose outcome the journal has."""
        self._run("DELETE FROM prompts WHERE id = ?", prompt_id)

    def dissolve(self, lot: Lot) -> None:
        """Let the prompts of a batch that was not handed in wait for another one."""
        with self.changes():
            self._run("UPDATE prompts SET batch = NULL WHERE batch = ?", lot.number)
            self._run("DELETE FROM batches WHERE number = ?", lot.number)

    def put_back(self, prompt_id: str) -> None:
        """Let a prompt wait for another batch."""
        self._run("UPDATE prompts SET batch = NULL, tries = tries + 1 WHERE id = ?", prompt_id)

    def waiting(self) -> Iterator[Prompt]:
        """Yield the prompts that are in no batch."""
        rows = self._every("SELECT record FROM prompts WHERE batch IS NULL ORDER BY id")
        return (_decoder.decode(record) for (record,) in rows)

    def members(self, lot: Lot) -> Iterator[Entry]:
        """Yield the prompts of a batch that are left; they may be removed or put back meanwhile."""
        last = ""
        query = "SELECT id, record, tries FROM prompts WHERE batch = ? AND id > ? ORDER BY id LIMIT 1"
        while row := self._row(query, lot.number, last):
            last, record, tries = row
            yield Entry(_decoder.decode(record), tries)

    def find(self, prompt_id: str, lot: Lot | None = None) -> Entry | None:
        """Return a prompt, None if it is not in the ledger, or not in that batch."""
        row = self._row("SELECT record, tries, batch FROM prompts WHERE id = ?", prompt_id)
        return Entry(_decoder.decode(row[0]), row[1]) if row and (lot is None or row[2] == lot.number) else None

    def count(self, lot: Lot | None = None) -> int:
        """Return how many prompts, of a batch or in all, have no outcome yet."""
        number = lot.number if lot else None
        found: int = self._row("SELECT count(*) FROM prompts WHERE ?1 IS NULL OR batch = ?1", number)[0]
        return found

    def next_number(self) -> int:
        """Return the number of the next batch; none is used twice."""
        row = self._row("SELECT seq FROM sqlite_sequence WHERE name = 'batches'")
        return 1 + (row[0] if row else 0)

    def seal(self, number: int, prompt_ids: list[str]) -> None:
        """Note that the file of that number holds these prompts."""
        with self.changes(), self._guarded():
            row = (number, uuid.uuid4().hex, len(prompt_ids), time.time())
            self._database.execute("INSERT INTO batches (number, tag, requests, sealed) VALUES (?, ?, ?, ?)", row)
            rows = ((number, prompt_id) for prompt_id in prompt_ids)
            self._database.executemany("UPDATE prompts SET batch = ? WHERE id = ?", rows)

    def lots(self) -> list[Lot]:
        """Return the batches that are not done, in their order."""
        rows = self._every(
            "SELECT number, tag, requests, sealed, file_id, creating, alone, batch_id FROM batches ORDER BY 1"
        )
        return [msgspec.convert(row, Lot, strict=False) for row in rows]

    def lot(self, number: int) -> Lot:
        """Return the batch of that number."""
        return next(lot for lot in self.lots() if lot.number == number)

    def uploaded(self, lot: Lot, file_id: str) -> None:
        """Note that the provider has the file."""
        self._run("UPDATE batches SET file_id = ? WHERE number = ?", file_id, lot.number)

    def creating(self, lot: Lot, *, alone: bool) -> None:
        """Note that the provider is about to be asked to begin."""
        self._run("UPDATE batches SET creating = 1, alone = ? WHERE number = ?", alone, lot.number)

    def created(self, lot: Lot, batch_id: str) -> None:
        """Note what the provider calls the batch."""
        self._run("UPDATE batches SET batch_id = ? WHERE number = ?", batch_id, lot.number)

    def rewind(self, lot: Lot) -> None:
        """Note that the provider did not take the batch; it can be begun once more."""
        query = "UPDATE batches SET creating = 0, batch_id = NULL, file_id = NULL, tag = ? WHERE number = ?"
        self._run(query, uuid.uuid4().hex, lot.number)

    def finish(self, lot: Lot) -> None:
        """Forget a batch; its files are not needed any more."""
        self._run("DELETE FROM batches WHERE number = ?", lot.number)

    def sweep(self) -> None:
        """Remove what a killed command left half written, and the files of batches that are done."""
        numbers = {f"{lot.number:05d}.jsonl" for lot in self.lots()}
        for path in self.folder.glob("*-?????.jsonl*"):
            if path.name.partition("-")[2] not in numbers:
                path.unlink(missing_ok=True)

    def path(self, kind: str, number: int) -> Path:
        """Return where the `requests`, `output` or `errors` of a batch lie."""
        return self.folder / f"{kind}-{number:05d}.jsonl"

    def _every(self, query: str, *values: Any) -> Iterator[Any]:
        with self._guarded():
            return iter(self._database.execute(query, values))

    def _row(self, query: str, *values: Any) -> Any:
        with self._guarded():
            return self._database.execute(query, values).fetchone()

    def _run(self, statement: str, *values: Any) -> None:
        with self._guarded():
            self._database.execute(statement, values)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise DiskError(f"{self._path}: {error}; free space and run the same command again") from error
        except sqlite3.DatabaseError as error:
            raise CorruptData(
                f"{self._path}: {error}; restore the file, or move it away to hand in its prompts again"
            ) from error


_decoder = msgspec.json.Decoder(Prompt)
