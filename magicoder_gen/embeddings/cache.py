"""Vectors on disk, by text and model: what was embedded once is never asked, and paid, again.

One SQLite file a model. Vectors are kept as float16, and those that are new go the same way: a second pass sees the
same numbers as the first.
"""

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import msgspec

from magicoder_gen.amounts import dollars, number_of
from magicoder_gen.embeddings.protocols import Embeddings, shown
from magicoder_gen.errors import CorruptData, DiskError, LimitReached, creating
from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Progress

if TYPE_CHECKING:
    import numpy as np

logger = logging.getLogger("magicoder_gen")

FOLDER = "embeddings"  # of a run
PORTION = 512  # texts that are looked up, and then asked for, together
_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (text BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bill (texts INTEGER NOT NULL, tokens INTEGER NOT NULL, cost REAL);
"""


class Bill(msgspec.Struct, frozen=True):
    """What all the texts of a cache took: `cost` in USD, as far as prices were known; `is_priced` if all were."""

    texts: int
    tokens: int
    cost: float
    is_priced: bool


class Cache:
    """The vectors that one model gave, in `folder`; a context manager."""

    def __init__(self, folder: Path, model: Embeddings) -> None:
        """Nothing more is asked where the bill could pass the model's `max_cost`."""
        self._model = model
        self._path = folder / f"{digest(model.identity())}.sqlite"

    def __enter__(self) -> Self:
        """Open the file; raise CannotCreate, CorruptData, DiskError."""
        with creating(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._asking():
            self._database = sqlite3.connect(self._path)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.executescript(_SCHEMA)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def bill(self) -> Bill:
        """Return what was asked for so far, in all commands."""
        with self._asking():
            row = self._database.execute(
                "SELECT total(texts), total(tokens), total(cost), count(*) = count(cost) FROM bill"
            ).fetchone()
        return Bill(int(row[0]), int(row[1]), row[2], bool(row[3]))

    def vectors(self, texts: Iterable[str]) -> Iterator["np.ndarray"]:
        """Yield the vectors of `texts` in order, in matrices (float32) of up to PORTION rows of length 1.

        Reads ahead by one portion. Raises what the model raises, and LimitReached; what came before is kept.
        """
        rest = iter(texts)
        while portion := list(islice(rest, PORTION)):
            keys = [_key(text) for text in portion]
            known = self._known(keys)
            wanted = {key: text for key, text in zip(keys, portion, strict=True) if key not in known}
            known |= self._asked(wanted)
            yield self._matrix([known[key] for key in keys])

    def announced(self, texts: Iterable[str], *, what: str, total: int, progress: Progress) -> Iterator["np.ndarray"]:
        """Yield what `vectors` does; before the first text is asked for, say what all of them may take.

        `what` is what one of the `total` texts is called. The model is asked once somebody takes what is yielded.
        """
        rest, done, said = iter(texts), 0, False
        while portion := list(islice(rest, PORTION)):
            said = said or self.announce(portion, what=what, share=len(portion) / max(1, total - done))
            yield from self.vectors(portion)
            done += len(portion)
            progress.update(done, total)

    def announce(self, texts: Sequence[str], *, what: str, share: float = 1.0) -> bool:
        """Say what embedding takes before it is asked for, where `texts` are a `share` of all that are to come.

        Returns whether any of them has no vector yet, without which nothing is said.
        """
        missing = self.missing(texts)
        if missing:
            characters = sum(len(shown(text)) for text in missing) / len(missing)
            cost = self._model.at_most(missing)
            logger.info(
                "embedding: about %s of %d characters, at most %s",
                number_of(round(len(missing) / share), what),
                characters,
                dollars(None if cost is None else cost / share),
            )
        return bool(missing)

    def missing(self, texts: Sequence[str]) -> list[str]:
        """Return which of `texts` have no vector yet, each once."""
        wanted = {_key(text): text for text in texts}
        known = self._known(list(wanted))
        return [text for key, text in wanted.items() if key not in known]

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        with self._asking():
            for start in range(0, len(keys), PORTION):
                some = keys[start : start + PORTION]
                marks = ", ".join("?" * len(some))
                query = f"SELECT text, vector FROM vectors WHERE text IN ({marks})"  # noqa: S608  # only question marks
                found.update(self._database.execute(query, some).fetchall())
        return found

    def _asked(self, wanted: dict[bytes, str]) -> dict[bytes, bytes]:
        """Ask the model for texts, by their keys; keep every portion as it comes."""
        if not wanted:
            return {}
        texts = list(wanted.values())
        self._require_money(texts)
        keys = iter(wanted)
        found: dict[bytes, bytes] = {}
        for vectors in self._model.vectors(texts):
            new = {key: row.tobytes() for row, key in zip(vectors.rows.astype("<f2"), keys, strict=False)}
            with self._asking(), self._database:
                self._database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", new.items())
                bill = (len(new), vectors.tokens, vectors.cost)
                self._database.execute("INSERT INTO bill VALUES (?, ?, ?)", bill)
            found |= new
        return found

    def _require_money(self, texts: list[str]) -> None:
        allowed = self._model.max_cost
        if allowed is None:
            return
        spent, more = self.bill().cost, self._model.at_most(texts)
        if more is not None and spent + more > allowed:
            raise LimitReached(
                f"embeddings.max_cost={allowed:g} does not allow the next {len(texts)} texts "
                f"(${spent:.4f} spent, these cost at most ${more:.4f}); raise it to go on"
            )

    def _matrix(self, rows: list[bytes]) -> "np.ndarray":
        import numpy as np

        if len({len(row) for row in rows}) != 1:
            raise CorruptData(
                f"{self._path}: vectors of different lengths; the server has another model under the same name now: "
                "delete this file to embed everything again"
            )
        return np.frombuffer(b"".join(rows), "<f2").reshape(len(rows), -1).astype(np.float32)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise DiskError(f"{self._path}: {error}; free space and run the same command again") from error
        except sqlite3.DatabaseError as error:
            raise CorruptData(f"{self._path}: {error}; delete this file to embed everything again") from error


def _key(text: str) -> bytes:
    return blake2b(shown(text).encode("utf-8", "replace"), digest_size=16).digest()
