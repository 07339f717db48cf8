"""A provider of batches on 127.0.0.1: files, batches, their output; it counts what it was asked to answer."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web
from loopback import completion

Answers = Callable[[str, int], Any]

NEVER = 3600.0  # seconds


class BatchServer:
    """What was handed in, and how it goes on.

    `verdict` is the status that the next batches get, in their order, the last for all that follow. `hang` names the
    steps (`upload`, `uploaded`, `create`, `created`) at which a request gets no answer; `reached` is set there.
    """

    def __init__(self, answers: Answers) -> None:
        self.url = ""
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.asked: Counter[str] = Counter()  # by the prompt's last message: in how many batches it was
        self.headers: list[dict[str, str]] = []
        self.calls: Counter[str] = Counter()
        self.verdict = ["completed"]
        self.faults: dict[str, list[tuple[int, dict[str, str], str]]] = {}
        self.hang: set[str] = set()
        self.reached = threading.Event()
        self.error: dict[str, Any] = {}
        self.forgetful = False  # whether it says 500 although the next batch was begun
        self.leave_out = 0  # how many requests of a batch that is not completed have no answer
        self.spoil: Callable[[bytes], bytes] = lambda output: output
        self._answers = answers

    def status(self, status: str) -> None:
        """Let every batch, old or new, be of that status from now on."""
        self.verdict = [status]
        for batch in self.batches.values():
            batch["status"] = status

    async def _pass(self, step: str) -> None:
        if step in self.hang:
            self.reached.set()
            await asyncio.sleep(NEVER)

    async def upload(self, request: web.Request) -> web.Response:
        """POST /files."""
        await self._pass("upload")
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        assert form["purpose"] == "batch"
        file_id = f"file-{len(self.files)}"
        with file.file:
            self.files[file_id] = file.file.read()
        await self._pass("uploaded")
        return web.json_response(_file(file_id, self.files[file_id]))

    async def create(self, request: web.Request) -> web.Response:
        """POST /batches."""
        await self._pass("create")
        said = await request.json()
        status = self.verdict.pop(0) if len(self.verdict) > 1 else self.verdict[0]
        batch = {
            "id": f"batch_{len(self.batches)}",
            "object": "batch",
            "created_at": int(time.time()),
            "status": status,
            **said,
        }
        self.batches[batch["id"]] = batch
        if status != "failed":
            for line in self._lines(batch):
                self.asked[line["body"]["messages"][-1]["content"]] += 1
        await self._pass("created")
        if self.forgetful:
            self.forgetful = False
            return web.Response(status=500, headers={"Retry-After": "0"}, text="oops")
        return web.json_response(batch | {"status": "validating"})

    async def retrieve(self, request: web.Request) -> web.Response:
        """GET /batches/{id}."""
        batch = self.batches.get(request.match_info["id"])
        if batch is None:
            return web.json_response({"error": {"message": "no such batch"}}, status=404)
        if batch["status"] in {"completed", "expired", "cancelled"} and "output_file_id" not in batch:
            self._answer(batch)
        if batch["status"] == "failed":
            batch["errors"] = {"object": "list", "data": [self.error]}
        return web.json_response(batch)

    async def listed(self, request: web.Request) -> web.Response:
        """GET /batches: the youngest first, two a page."""
        ids = list(reversed(self.batches))
        after = request.query.get("after")
        page = ids[ids.index(after) + 1 if after else 0 :][:2]
        data = [self.batches[batch_id] for batch_id in page]
        return web.json_response({"object": "list", "data": data, "has_more": bool(page) and page[-1] != ids[-1]})

    async def cancel(self, request: web.Request) -> web.Response:
        """POST /batches/{id}/cancel."""
        batch = self.batches[request.match_info["id"]]
        batch["status"] = "cancelled"
        return web.json_response(batch)

    async def content(self, request: web.Request) -> web.Response:
        """GET /files/{id}/content."""
        return web.Response(body=self.files[request.match_info["id"]], content_type="application/octet-stream")

    @web.middleware
    async def watch(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Count calls, by method and the first word of the path; give the faults that are planned for them."""
        self.headers.append(dict(request.headers))
        call = f"{request.method} {request.path.removeprefix('/v1/').partition('/')[0]}"
        self.calls[call] += 1
        if self.faults.get(call):
            status, headers, text = self.faults[call].pop(0)
            await request.read()
            return web.Response(status=status, headers=headers, text=text, content_type="application/json")
        response: web.StreamResponse = await handler(request)
        return response

    def _lines(self, batch: dict[str, Any]) -> list[Any]:
        return [json.loads(line) for line in self.files[batch["input_file_id"]].split(b"\n") if line]

    def _answer(self, batch: dict[str, Any]) -> None:
        """Write output and error file."""
        lines = self._lines(batch)
        left = len(lines) if batch["status"] == "completed" else len(lines) - self.leave_out
        results = [self._result(line) for line in lines[:left]]
        late = {"code": "batch_expired", "message": "not executed before the completion window expired"}
        results += [_line(line, None, late) for line in lines[left:]]
        good = [one for one in results if one["response"] and one["response"]["status_code"] == 200]
        bad = [one for one in results if one not in good]
        for kind, some in (("output", good), ("error", bad)):
            file_id = f"file-{len(self.files)}"
            text = b"".join(json.dumps(one).encode() + b"\n" for one in some)
            self.files[file_id] = self.spoil(text) if kind == "output" else text
            batch[f"{kind}_file_id"] = file_id if some else None
        batch["completed_at"] = batch["created_at"] + 60
        batch["request_counts"] = {"total": len(lines), "completed": len(good), "failed": len(bad)}

    def _result(self, line: dict[str, Any]) -> dict[str, Any]:
        prompt = line["body"]["messages"][-1]["content"]
        answer = self._answers(prompt, self.asked[prompt])
        if isinstance(answer, dict):
            return _line(line, {"status_code": 200, "request_id": "r", "body": answer}, None)
        status, _, text = answer
        return _line(line, {"status_code": status, "request_id": "r", "body": json.loads(text)}, None)


def _line(request: dict[str, Any], response: Any, error: Any) -> dict[str, Any]:
    return {"id": "batch_req_1", "custom_id": request["custom_id"], "response": response, "error": error}


def _file(file_id: str, content: bytes) -> dict[str, Any]:
    return {
        "id": file_id,
        "object": "file",
        "bytes": len(content),
        "created_at": int(time.time()),
        "filename": "requests.jsonl",
        "purpose": "batch",
        "status": "processed",
    }


@contextmanager
def serving(answers: Answers = lambda _prompt, _number: completion()) -> Iterator[BatchServer]:
    """Serve on a free port until the block ends. `answers` gets the prompt and in how many batches it was."""
    server = BatchServer(answers)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(_start(server), loop).result(10)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_end(runner), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _start(server: BatchServer) -> web.AppRunner:
    app = web.Application(client_max_size=10**9, middlewares=[server.watch])
    app.router.add_post("/v1/files", server.upload)
    app.router.add_get("/v1/files/{id}/content", server.content)
    app.router.add_post("/v1/batches", server.create)
    app.router.add_get("/v1/batches", server.listed)
    app.router.add_get("/v1/batches/{id}", server.retrieve)
    app.router.add_post("/v1/batches/{id}/cancel", server.cancel)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    return runner


async def _end(runner: web.AppRunner) -> None:
    """Stop serving; requests that still hang are abandoned."""
    await runner.cleanup()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
