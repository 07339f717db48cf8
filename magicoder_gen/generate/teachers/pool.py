"""Ask many prompts at once, in a bounded number of workers over one stream."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

from magicoder_gen.errors import MagicoderError
from magicoder_gen.records import Failure, Prompt, Reply

Outcome = Reply | Failure


async def outcomes(
    ask: Callable[[Prompt], Awaitable[Outcome]], prompts: AsyncIterator[Prompt], size: int
) -> AsyncGenerator[Outcome, None]:
    """Yield what `ask` returns, as it comes; memory is that of `size` prompts.

    When one `ask` raises, no further prompt is taken, what is in flight is still yielded, and then the error is
    raised: answers that are under way are paid.
    """
    ready: asyncio.Queue[Outcome | None] = asyncio.Queue(maxsize=size)
    trouble: list[Exception] = []
    idle = size

    async def work() -> None:
        nonlocal idle
        try:
            while not trouble:
                prompt = await anext(prompts, None)
                if prompt is None:
                    break
                await ready.put(await _outcome(ask, prompt, trouble))
        except Exception as error:  # noqa: BLE001  # raised below, in the task that listens
            trouble.append(error)
        idle -= 1
        if idle == 0:
            await ready.put(None)

    workers = [asyncio.create_task(work()) for _ in range(size)]
    try:
        while (outcome := await ready.get()) is not None:
            yield outcome
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    if trouble:
        raise trouble[0]


async def _outcome(ask: Callable[[Prompt], Awaitable[Outcome]], prompt: Prompt, trouble: list[Exception]) -> Outcome:
    """Ask; what ends the run is noted as trouble and is this prompt's failure, to be asked again."""
    try:
        return await ask(prompt)
    except MagicoderError as error:
        trouble.append(error)
        return Failure(prompt.id, prompt.seed, "run_stopped", str(error), final=False)
