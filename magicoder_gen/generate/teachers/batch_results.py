"""What comes of requests in batches: lines of output to outcomes, or to another try."""

import logging
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from magicoder_gen.errors import ConfigError, MagicoderError
from magicoder_gen.generate.prices import Price
from magicoder_gen.generate.protocols import Desk, Outcome
from magicoder_gen.generate.teachers import batch_lines, outcomes, wire
from magicoder_gen.generate.teachers.batch_ledger import Entry, Ledger, Lot
from magicoder_gen.generate.teachers.batch_lines import Line
from magicoder_gen.generate.teachers.wire import Refusal, Retry
from magicoder_gen.records import Failure

logger = logging.getLogger("magicoder_gen")


class Judge:
    """Tells what lines mean, and takes what is settled off the ledger."""

    def __init__(
        self,
        desk: Desk,
        ledger: Ledger,
        *,
        price: Price | None,
        attempts: int,
        where: str,
        hide: Callable[[str], str],
    ) -> None:
        """`hide` blanks the key in what a provider says of itself."""
        self._hide = hide
        self._desk = desk
        self._ledger = ledger
        self._price = price
        self._attempts = attempts
        self._where = where
        self._answered = False
        self._trouble: MagicoderError | None = None

    async def read(self, path: Path, lot: Lot | None = None, *, seconds: float = 0.0) -> AsyncGenerator[Outcome, None]:
        """Yield what a file says of the prompts of a batch, or of any; one warning covers all odd lines."""
        torn = strange = 0
        try:
            file = path.open("rb")
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read: {error.strerror}; see generate.teacher.collect") from error
        with file:
            for text in file:
                line = batch_lines.parsed(text)
                entry = self._ledger.find(line.custom_id, lot) if line else None
                torn += line is None and text.strip() != b""
                strange += (
                    line is not None and entry is None and (lot is not None or not self._desk.knows(line.custom_id))
                )
                outcome = await self._outcome(line, entry, seconds) if line and entry else None
                if outcome:
                    yield outcome
        odd = [f"{torn} torn"] if torn else []
        odd += [f"{strange} of no prompt that waits for an answer"] if strange else []
        if odd:
            logger.warning("%s: odd lines are ignored: %s", path, ", ".join(odd))

    async def _outcome(self, line: Line, entry: Entry, seconds: float) -> Outcome | None:
        """Return what a line says; None if its prompt is asked again."""
        try:
            answer = batch_lines.answer(line, where=self._where)
        except Retry as problem:
            return await self.again(entry, problem)
        except Refusal as refusal:
            final = self._answered or refusal.kind == "context_length"
            return self.failed(entry, refusal.kind, str(refusal), final=final)
        except MagicoderError as error:
            self._trouble = self._trouble or type(error)(self._hide(str(error)))
            return self.failed(entry, "run_stopped", str(error), final=False)
        self._answered = True
        self._ledger.remove(entry.prompt.id)
        said = wire.without_key(answer, self._hide)
        return outcomes.reply(entry.prompt, said, price=self._price, attempts=entry.tries + 1, seconds=seconds)

    async def again(self, entry: Entry, problem: Retry) -> Failure | None:
        """Let a prompt wait for another batch, or return its failure if it was tried often enough."""
        if entry.tries + 1 < self._attempts and (not problem.paid or await self._desk.again(entry.prompt)):
            self._ledger.put_back(entry.prompt.id)
            return None
        return self.failed(entry, problem.kind, str(problem), final=False, uncertain=problem.paid)

    def failed(self, entry: Entry, kind: str, message: str, *, final: bool, uncertain: bool = False) -> Failure:
        """Return the failure of a prompt, which is off the ledger then."""
        self._ledger.remove(entry.prompt.id)
        return outcomes.failure(entry.prompt, kind, self._hide(message), final=final, uncertain=uncertain)

    def stop_on_trouble(self) -> None:
        """Raise what a line said that concerns every request: a key, a quota, the model."""
        if self._trouble:
            raise self._trouble
