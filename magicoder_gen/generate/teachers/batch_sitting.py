"""One command's work on batches: collect what is finished, hand in what is not, wait."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

from magicoder_gen.errors import ConfigError, Drift, MagicoderError, Pending, TryLater, writing
from magicoder_gen.generate.protocols import Desk, Outcome
from magicoder_gen.generate.teachers import batch_lines
from magicoder_gen.generate.teachers.batch_ledger import Ledger, Lot
from magicoder_gen.generate.teachers.batch_provider import Provider
from magicoder_gen.generate.teachers.batch_results import Judge
from magicoder_gen.generate.teachers.wire import Retry
from magicoder_gen.records import Prompt
from magicoder_gen.storage.shards import rename_durably

if TYPE_CHECKING:
    from openai.types import Batch as Handed

    from magicoder_gen.generate.teachers.batch import Batch

logger = logging.getLogger("magicoder_gen")

_TOGETHER = 256  # prompts taken at a time: their intents are synced together
_ENDED = frozenset({"completed", "expired", "cancelled"})
_CROWDED = "token_limit_exceeded"  # too many tokens in the batches that are under way
_BROKE = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


class Sitting:
    """Works off the ledger; everything that happens is in it before the next step."""

    def __init__(self, batch: "Batch", desk: Desk, ledger: Ledger, *, hide: Callable[[str], str]) -> None:
        """`hide` blanks the key in what a provider says of itself."""
        self._batch = batch
        self._hide = hide
        self._desk = desk
        self._ledger = ledger
        self._judge = Judge(
            desk, ledger, price=batch.known_price(), attempts=batch.attempts, where=batch.name, hide=hide
        )
        self._crowded = False
        self._progress: dict[int, tuple[int, int]] = {}  # requests done and in all, by batch
        self._resume()

    def _resume(self) -> None:
        """Take up what earlier commands handed in; raise Drift for prompts that the run no longer asks."""
        settled, foreign = [], 0
        for prompt_id, planned in self._ledger.ids():
            if not self._desk.resume(prompt_id):
                settled.append(prompt_id)
            elif not self._desk.asks(planned):
                foreign += 1
        if foreign:
            raise Drift(
                f"{self._ledger.folder}: {foreign} prompts handed in are not what this configuration asks; collect "
                "them with the old configuration, use another --run, or move that folder away to give them up"
            )
        with self._ledger.changes():
            for prompt_id in settled:
                self._ledger.remove(prompt_id)
        self._ledger.remember()
        self._ledger.sweep()
        self._desk.pass_over(self._ledger.holds)

    async def exchange(self, provider: Provider) -> AsyncGenerator[Outcome, None]:
        """Yield what comes of the batches until all is done; raise Pending when `wait` is over before."""
        self._tidy(partial=True)
        deadline = None if self._batch.wait is None else time.monotonic() + self._batch.wait
        while not self._desk.is_closing:
            for lot in self._ledger.lots():
                async with aclosing(await self._look(lot, provider)) as outcomes:
                    async for outcome in outcomes:
                        yield outcome
            await self._take()
            self._seal()
            await self._submit(provider)
            if not self._ledger.count():
                if not await self._desk.more():
                    return
                continue
            rest = self._batch.poll_interval
            if deadline is not None:
                rest = min(rest, deadline - time.monotonic())
                if rest <= 0:
                    raise Pending(self._in_progress())
            await provider.pause(rest)

    async def write(self) -> None:
        """Write the files of requests; raise Pending, which says where they are."""
        self._tidy(partial=True)
        await self._take()
        self._seal()
        paths = [self._path(lot) for lot in self._ledger.lots() if lot.batch_id is None]
        if paths:
            raise Pending(
                f"written as planned, and not sent: {self._ledger.count()} requests in {', '.join(map(str, paths))}; "
                "run them, then the same command with generate.teacher.collect and the paths of their output"
            )

    async def collect(self, paths: Iterable[Path]) -> AsyncGenerator[Outcome, None]:
        """Yield what files say that were made elsewhere; raise TryLater if they leave prompts without an answer."""
        is_read = False
        while self._ledger.count() or await self._desk.more():
            if not await self._take() and is_read:
                raise TryLater(
                    f"{self._ledger.count()} prompts have no answer in {', '.join(map(str, paths))}; collect more "
                    "files, or leave out generate.teacher.collect to have them written or sent again"
                )
            with self._ledger.changes():
                for path in paths:
                    async for outcome in self._judge.read(path):
                        yield outcome
                await self._desk.flush()
            self._tidy()
            self._judge.stop_on_trouble()
            is_read = True

    async def _take(self) -> int:
        """Take all prompts that may be asked now; return how many there were."""
        full, count = True, 0
        while full:
            taken = await asyncio.gather(*(self._desk.take() for _ in range(_TOGETHER)))
            self._ledger.add(prompt for prompt in taken if prompt)
            full = taken[-1] is not None
            count += sum(prompt is not None for prompt in taken)
        return count

    def _seal(self) -> None:
        """Write the prompts that wait into files of requests, each within the provider's limits."""
        while next(self._ledger.waiting(), None):
            number = self._ledger.next_number()
            prompt_ids = _write(self._ledger.path("requests", number), self._portion(self._ledger.waiting()))
            self._ledger.seal(number, prompt_ids)

    def _portion(self, prompts: Iterable[Prompt]) -> Iterator[tuple[str, bytes]]:
        """Yield ids and lines until a file is full."""
        count = size = 0
        for prompt in prompts:
            line = batch_lines.request(prompt)
            count, size = count + 1, size + len(line)
            if count > 1 and (count > self._batch.max_requests or size > self._batch.max_bytes):
                return
            yield prompt.id, line

    async def _submit(self, provider: Provider) -> None:
        """Hand in what is sealed; after a refusal for the sake of too many tokens only when nothing is under way."""
        for lot in self._ledger.lots():
            others = self._under_way()
            if lot.batch_id or self._desk.is_closing or (self._crowded and others):
                continue
            if not lot.file_id and not lot.creating:
                self._ledger.uploaded(lot, await provider.upload(self._path(lot)))
                lot = self._ledger.lot(lot.number)  # noqa: PLW2901
            self._ledger.creating(lot, alone=not others)
            batch_id = await provider.begin(lot, self._batch.completion_window)
            self._ledger.created(lot, batch_id)
            logger.info("batch %d of %d prompts is handed in: %s", lot.number, lot.requests, batch_id)

    def _under_way(self) -> list[Lot]:
        return [lot for lot in self._ledger.lots() if lot.batch_id]

    def _path(self, lot: Lot) -> Path:
        """Return where the requests of a sealed batch lie; write them once more if somebody removed them."""
        path = self._ledger.path("requests", lot.number)
        if not path.exists():
            members = (entry.prompt for entry in self._ledger.members(lot))
            _write(path, ((prompt.id, batch_lines.request(prompt)) for prompt in members))
        return path

    async def _look(self, lot: Lot, provider: Provider) -> AsyncGenerator[Outcome, None]:
        """Return the outcomes of a batch, which are none unless it has ended."""
        if lot.batch_id is None or self._desk.is_closing:
            return _nothing()
        handed = await provider.look(lot.batch_id)
        counts = handed.request_counts
        self._progress[lot.number] = (counts.completed + counts.failed, counts.total) if counts else (0, 0)
        if handed.status in _ENDED:
            for kind, file_id in (("output", handed.output_file_id), ("errors", handed.error_file_id)):
                path = self._ledger.path(kind, lot.number)
                if file_id and not path.exists():
                    await provider.download(file_id, path)
            return self._harvest(lot, handed)
        return self._refused(lot, handed) if handed.status == "failed" else _nothing()

    async def _harvest(self, lot: Lot, handed: "Handed") -> AsyncGenerator[Outcome, None]:
        """Yield what a batch brought; what it left out goes into another one."""
        started, ended = handed.created_at, handed.completed_at or handed.expired_at or handed.cancelled_at
        seconds = float(max(0, ended - started)) if ended else 0.0
        with self._ledger.changes():
            for path in (self._ledger.path(kind, lot.number) for kind in ("output", "errors")):
                if path.exists():
                    async for outcome in self._judge.read(path, lot, seconds=seconds):
                        yield outcome
            gone = Retry("no_answer", f"the batch is {handed.status} without it", paid=handed.status == "completed")
            for entry in self._ledger.members(lot):
                missing = await self._judge.again(entry, gone)
                if missing:
                    yield missing
            await self._desk.flush()
            self._ledger.finish(lot)
        logger.info("%s is %s; %d prompts are left", handed.id, handed.status, self._ledger.count())
        self._crowded = False
        self._clean(lot)
        self._judge.stop_on_trouble()

    async def _refused(self, lot: Lot, handed: "Handed") -> AsyncGenerator[Outcome, None]:
        """Yield failures for a batch that the provider did not take, and raise why.

        One that only has too many tokens for now is handed in once more when it is alone.
        """
        said = handed.errors.data[0] if handed.errors and handed.errors.data else None
        code, message = (
            (self._hide(said.code or ""), self._hide(str(said.message))) if said else ("", "no reason given")
        )
        if code == _CROWDED and not lot.alone:
            logger.warning("%s waits for the others: %s", handed.id, message)
            self._crowded = True
            self._ledger.rewind(lot)
            return
        with self._ledger.changes():
            for entry in self._ledger.members(lot):
                yield self._judge.failed(entry, code or "batch_failed", message, final=False)
            await self._desk.flush()
            self._ledger.finish(lot)
        raise _refusal(f"{self._batch.name}: batch {handed.id} was refused: {message}", code, self._place(lot, said))

    def _place(self, lot: Lot, said: object) -> str:
        line = getattr(said, "line", None)
        return f" ({self._ledger.path('requests', lot.number)}:{line})" if line else ""

    def _tidy(self, *, partial: bool = False) -> None:
        """Forget batches in which nothing is left, and take apart those in which something is, if `partial`.

        That is for before anything is handed in or written: nothing answered may be, and what has begun is let be.
        """
        for lot in self._ledger.lots():
            left = self._ledger.count(lot)
            if left == 0 or (partial and left < lot.requests and not lot.creating):
                self._ledger.dissolve(lot)
                self._clean(lot)

    def _clean(self, lot: Lot) -> None:
        """Remove the files of a batch that is in the journal."""
        for kind in ("requests", "output", "errors"):
            self._ledger.path(kind, lot.number).unlink(missing_ok=True)

    def _in_progress(self) -> str:
        under_way = self._under_way()
        done = sum(self._progress.get(lot.number, (0, 0))[0] for lot in under_way)
        names = ", ".join(str(lot.batch_id) for lot in under_way[:3]) + (", …" if under_way[3:] else "")
        return (
            f"as planned: {len(under_way)} of {len(self._ledger.lots())} batches under way at {self._batch.url} "
            f"({names}), {done} of {self._ledger.count()} requests done; the same command collects"
        )


async def _nothing() -> AsyncGenerator[Outcome, None]:
    """Yield nothing."""
    none: tuple[Outcome, ...] = ()
    for outcome in none:
        yield outcome


def _refusal(what: str, code: str, place: str) -> MagicoderError:
    if code == _CROWDED:
        return TryLater(f"{what}; lower generate.teacher.max_requests, or run the same command again later")
    if code in _BROKE:
        return TryLater(f"{what}; top up and run the same command again")
    return ConfigError(f"{what}{place}; check generate.teacher")


def _write(path: Path, lines: Iterator[tuple[str, bytes]]) -> list[str]:
    """Write a file of lines, which appears whole or not at all; return the ids that come with them."""
    part = path.with_name(f"{path.name}.part")
    prompt_ids = []
    with writing(path), part.open("wb") as file:
        for prompt_id, line in lines:
            file.write(line)
            prompt_ids.append(prompt_id)
        file.flush()
        os.fsync(file.fileno())
    rename_durably(part, path)
    return prompt_ids
