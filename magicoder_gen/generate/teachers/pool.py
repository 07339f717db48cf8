"""Ask many prompts at once, in a bounded number of workers at one desk."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from magicoder_gen.generate.protocols import Desk, Outcome
from magicoder_gen.records import Failure


class Stopped(Exception):  # an instruction, not an error
    """What its cause says ends the run; `failure` is the outcome of the prompt that met it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


async def outcomes(
    next_outcome: Callable[[], Awaitable[Outcome | None]], desk: Desk, size: int
) -> AsyncGenerator[Outcome, None]:
    """Yield what `next_outcome` returns, as it comes, as long as the desk has more; memory is that of `size` prompts.

    It takes one prompt from the desk itself and returns None if there was none. When it is stopped, no further
    prompt is taken, what is in flight is still yielded, and then the error is raised: answers under way are paid.
    """
    ready: asyncio.Queue[Outcome | None] = asyncio.Queue(maxsize=size)
    trouble: list[BaseException] = []
    idle = size

    async def work() -> None:
        nonlocal idle
        try:
            while not trouble and await desk.more():
                outcome = await _settled(next_outcome, trouble)
                if outcome is not None:
                    await ready.put(outcome)
        except Exception as error:  # noqa: BLE001  # raised below, in the task that listens
            trouble.append(error)
        idle -= 1
        if idle == 0:
            await ready.put(None)

    workers = [asyncio.create_task(work()) for _ in range(size)]
    try:
        async with aclosing(_each(ready)) as each:
            async for outcome in each:
                yield outcome
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    if trouble:
        raise trouble[0]


async def _each(ready: "asyncio.Queue[Outcome | None]") -> AsyncGenerator[Outcome, None]:
    """Yield what comes until None does; when cancelled, first what lies ready: it is paid."""
    try:
        while (outcome := await ready.get()) is not None:
            yield outcome
    except asyncio.CancelledError:
        while not ready.empty():
            if (outcome := ready.get_nowait()) is not None:
                yield outcome
        raise


async def _settled(
    next_outcome: Callable[[], Awaitable[Outcome | None]], trouble: list[BaseException]
) -> Outcome | None:
    """Return an outcome; of what ends the run, note the reason."""
    try:
        return await next_outcome()
    except Stopped as stopped:
        trouble.append(stopped.__cause__ or stopped)
        return stopped.failure
