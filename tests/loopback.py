"""A server that speaks the chat protocol on 127.0.0.1, well or badly, and counts what it was asked."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web
from builders import AN_ANSWER

Behaviour = Callable[[str, int], Any]


def completion(text: str | None = AN_ANSWER, *, finish_reason: str = "stop", **changes: Any) -> dict[str, Any]:
    """A chat completion as OpenAI sends it; a change to None removes the key."""
    body: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "test-model-0613",
        "system_fingerprint": "fp_1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
    }
    body.update(changes)
    return {key: value for key, value in body.items() if value is not None}


class Server:
    """What was asked: requests per prompt (its last message), headers, bodies, paths with queries, the most at once."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.url = ""
        self.asked: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.most_in_flight = 0
        self.in_flight = 0
        self.seconds = 0.0
        self._behaviour = behaviour

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Answer as the behaviour says: a dict, (status, headers, text), None = drop the connection."""
        body = await request.json()
        prompt = body["messages"][-1]["content"]
        self.asked[prompt] += 1
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        self.paths.append(request.path_qs)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.seconds)
            answer = self._behaviour(prompt, self.asked[prompt])
        finally:
            self.in_flight -= 1
        if answer is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if isinstance(answer, dict):
            return web.json_response(answer)
        status, headers, text = answer
        return web.Response(status=status, headers={"Content-Type": "application/json", **headers}, text=text)

    async def models(self, _request: web.Request) -> web.Response:
        """List one model."""
        return web.json_response({"object": "list", "data": [{"id": "test-model"}]})


@contextmanager
def serving(behaviour: Behaviour = lambda _prompt, _number: completion()) -> Iterator[Server]:
    """Serve on a free port until the block ends. `behaviour` gets the prompt and how often it was asked."""
    server = Server(behaviour)
    loop = asyncio.new_event_loop()
    started = threading.Event()

    async def start() -> None:
        app = web.Application(client_max_size=10**8)
        app.router.add_post("/{folder:.+}/chat/completions", server.chat)
        app.router.add_get("/v1/models", server.models)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        stopping.append(runner)
        started.set()

    stopping: list[web.AppRunner] = []
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_end(stopping[0]), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(runner: web.AppRunner) -> None:
    """Stop serving; requests that still hang are abandoned."""
    await runner.cleanup()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
