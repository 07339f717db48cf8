"""The provider's side of batches: files and batches, each call tried again until `patience` is over."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from magicoder_gen.errors import ConfigError, TeacherUnreachable, of_the_machine, writing
from magicoder_gen.generate.teachers import batch_lines, channel, wire
from magicoder_gen.generate.teachers.batch_ledger import Lot
from magicoder_gen.generate.teachers.conversation import SLICE, backoff
from magicoder_gen.generate.teachers.endpoints import Endpoint
from magicoder_gen.generate.teachers.wire import Refusal, Retry
from magicoder_gen.storage.shards import rename_durably

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types import Batch as Handed
    from tenacity import RetryCallState

Result = TypeVar("Result")

logger = logging.getLogger("magicoder_gen")

TAG = "magicoder_gen"  # the metadata's key
_CLOCKS = 86_400.0  # seconds by which the provider's clock may differ from ours
_READ = 600.0  # seconds between two pieces of an answer


class Ended(Exception):  # an instruction, not an error
    """The command is to end; nothing was done that is not noted."""


class Provider:
    """A client of files and batches; use it as a context manager."""

    def __init__(self, endpoint: Endpoint, key: str, *, patience: float, is_ending: Callable[[], bool]) -> None:
        """`patience` is in seconds; nothing is tried again when the command `is_ending`."""
        self.url = endpoint.url
        self._client = _client(endpoint, key)
        self._hide = hider(key)
        self._patience = patience
        self._is_ending = is_ending

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def upload(self, path: Path) -> str:
        """Send a file of requests, in pieces; return its id."""

        async def send() -> str:
            with path.open("rb") as file:  # the client reads a path into memory
                sent = await self._client.files.create(file=(path.name, file, "application/jsonl"), purpose="batch")
            return sent.id

        return await self._patiently(f"uploading {path.name}", send)

    async def begin(self, lot: Lot, window: str) -> str:
        """Have a batch begun that may have been begun before; return its id. No file is handed in twice."""
        may_exist = lot.creating
        assert lot.file_id is not None

        async def find_or_create() -> str:
            nonlocal may_exist
            found = await self._find(lot) if may_exist else None
            may_exist = True
            return found or await self._create(lot, window)

        return await self._patiently(f"beginning batch {lot.number}", find_or_create)

    async def _create(self, lot: Lot, window: Any) -> str:
        assert lot.file_id is not None
        batch = await self._client.batches.create(
            input_file_id=lot.file_id, endpoint=batch_lines.URL, completion_window=window, metadata={TAG: lot.tag}
        )
        return batch.id

    async def _find(self, lot: Lot) -> str | None:
        """Return the batch with our tag; the provider lists the youngest first."""
        async for batch in self._client.batches.list(limit=100):
            if (batch.metadata or {}).get(TAG) == lot.tag:
                logger.info("batch %d was begun by an earlier command: %s", lot.number, batch.id)
                return batch.id
            if batch.created_at < lot.sealed - _CLOCKS:
                break
        return None

    async def look(self, batch_id: str) -> "Handed":
        """Return how far a batch is."""
        return await self._patiently(f"looking at {batch_id}", lambda: self._client.batches.retrieve(batch_id))

    async def download(self, file_id: str, path: Path) -> None:
        """Write a file of the provider to `path`, in pieces; it appears there whole or not at all."""
        part = path.with_name(f"{path.name}.part")

        async def fetch() -> None:
            async with self._client.files.with_streaming_response.content(file_id) as response:
                with writing(part), part.open("wb") as file:
                    async for piece in response.iter_bytes(1 << 20):
                        file.write(piece)

        await self._patiently(f"downloading {file_id}", fetch)
        rename_durably(part, path)

    async def pause(self, seconds: float) -> None:
        """Wait, but not on when the command is ending."""
        while seconds > 0 and not self._is_ending():
            await asyncio.sleep(min(seconds, SLICE))
            seconds -= SLICE

    async def _patiently(self, doing: str, call: Callable[[], Awaitable[Result]]) -> Result:
        """Return what a call returns; raise ConfigError, NotAuthorised, TryLater, TeacherUnreachable or Ended."""
        from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay

        patience_is_over = stop_after_delay(self._patience)

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Retry),
            stop=lambda state: self._is_ending() or patience_is_over(state),
            wait=_seconds,
            sleep=self.pause,
            before_sleep=lambda state: _say(doing, state),
            reraise=True,
        )
        where = f"{doing} at {self.url}"
        try:
            return await retrying(self._judged, where, call)
        except Retry as problem:
            if self._is_ending():
                raise Ended from problem
            raise TeacherUnreachable(
                f"{where}: nothing but errors for {self._patience:g} s, last: {problem}; "
                "check generate.teacher.base_url, then run the same command again"
            ) from problem
        except Refusal as refusal:
            raise ConfigError(
                f"{where}: refused: {refusal}; see generate.teacher and whether this server has batches"
            ) from refusal

    async def _judged(self, where: str, call: Callable[[], Awaitable[Result]]) -> Result:
        """Make a call once; say what its failure means."""
        import httpx2
        from openai import APIConnectionError, APIError, APIStatusError

        try:
            return await call()
        except APIStatusError as error:
            if error.status_code == 404:  # noqa: PLR2004
                raise ConfigError(
                    f"{where}: not found there: HTTP 404; use the URL and the key's account with which it was handed "
                    "in; if it is gone for good, move replies/batches away to hand its prompts in again"
                ) from error
            wire.judge_status(error.status_code, self._hide(error.response.text), error.response.headers, where=where)
        except (APIConnectionError, httpx2.TransportError) as error:
            raise _connection(error) from error
        except APIError as error:
            raise Retry("bad_body", f"an answer that cannot be read: {type(error).__name__}") from error


def hider(key: str) -> Callable[[str], str]:
    """Return what blanks a key in a text; a short one is a placeholder, and a word like any other."""
    return lambda text: text.replace(key, "[key]") if len(key) >= channel.SECRET else text


def _client(endpoint: Endpoint, key: str) -> "AsyncOpenAI":
    """Return a client that streams files; it neither retries nor follows redirects."""
    import httpx2
    from openai import AsyncOpenAI

    http = httpx2.AsyncClient(
        timeout=httpx2.Timeout(_READ, connect=30.0), follow_redirects=False, trust_env=not endpoint.is_loopback
    )
    return AsyncOpenAI(api_key=key, base_url=endpoint.url, max_retries=0, http_client=http)


def _connection(error: Exception) -> Retry:
    cause: BaseException | None = error
    while cause is not None:
        exhausted = of_the_machine(cause) if isinstance(cause, OSError) else None
        if exhausted:
            raise exhausted from error
        if cause.__cause__ is None:
            break
        cause = cause.__cause__
    return Retry("connection", f"{type(cause).__name__} {cause}".strip())


def _seconds(state: "RetryCallState") -> float:
    """Seconds: what the server asked for, else back-off."""
    problem = state.outcome.exception() if state.outcome else None
    asked = problem.wait if isinstance(problem, Retry) else None
    return asked if asked is not None else backoff(state.attempt_number)


def _say(doing: str, state: "RetryCallState") -> None:
    problem = state.outcome.exception() if state.outcome else None
    logger.log(logging.WARNING if state.attempt_number == 1 else logging.INFO, "%s: %s; trying again", doing, problem)
