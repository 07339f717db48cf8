"""A teacher on loopback that costs less than any client: the chat protocol, well or badly, and a count of all it did.

    python scripts/bench/teacher.py [--port 0]      prints its URL, serves until it is ended

POST /v1/chat/completions and GET /v1/models as OpenAI speaks them; POST /control sets the modes (a JSON object with
the fields of `Modes`, all of them optional) and clears the counts, GET /control returns them, GET /control/rows a
list [row, paid, answered] for every row. One event loop, HTTP/1.1 parsed by hand (bodies need a Content-Length, one
request at a time per connection), answers made beforehand. Which faults a request meets depends on the seed, its
row and how often that row was asked, so that every client meets the same ones in whatever order it asks.
"""

import argparse
import asyncio
import hashlib
import json
import os
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

import msgspec
from answers import DIGITS, MODEL, Answers, error
from faults import KINDS, Bucket, Counts, Modes

TOO_EARLY = 0.010  # seconds until a 429
OVER_LIMIT = 0.005  # seconds until a 429 of the hard limit
SLOWNESS = 50  # latencies of a slow answer
STATUS = {200: "OK", 400: "Bad Request", 404: "Not Found", 411: "Length Required", 429: "Too Many Requests"}
PLENTY = 100_000_000  # tokens per minute; there is no limit on them


class Teacher:
    """The state that all connections share."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.answers = Answers()
        self.behave(Modes())

    def behave(self, modes: Modes) -> None:
        """Change the modes and begin to count anew."""
        self.modes = modes
        self.counts = Counts()
        self._faults = modes.faults()
        self._bucket = Bucket(modes) if modes.rpm else None
        self._tag = modes.tag.encode()
        self._good_limits = _limits(PLENTY, PLENTY - 1, 0.0) if modes.headers else b""

    def row_of(self, body: bytes) -> bytes:
        """Return the digits behind the tag, or of a hash of the last message; `unknown` if there is no tag."""
        if not self._tag:
            last = msgspec.json.decode(body)["messages"][-1]
            return b"%07d" % (int(hashlib.sha256(json.dumps(last).encode()).hexdigest(), 16) % 10**DIGITS)
        at = body.find(self._tag)
        if at < 0:
            self.counts.kinds["untagged"] += 1
            return b"unknown"
        at += len(self._tag)
        return body[at : at + DIGITS]

    def fault(self, row: str) -> str | None:
        """Draw what goes wrong with this request, if anything; the limit is asked first, as at a gateway."""
        counts = self.counts
        counts.asked[row] += 1
        if self._bucket and not self._bucket.take():
            return "limited"
        if not self._faults:
            return None
        key = f"{self.modes.rng_seed}-{row}-{counts.asked[row]}".encode()
        draw = int.from_bytes(hashlib.blake2b(key, digest_size=8).digest()) / 2**64
        return next((name for bound, name in self._faults if draw < bound), None)

    def limits(self) -> bytes:
        """Return the x-ratelimit headers as they are now."""
        bucket = self._bucket
        if bucket is None or not self.modes.headers:
            return self._good_limits
        return _limits(int(self.modes.rpm or 0), bucket.left(), bucket.full_in())


def _limits(limit: int, remaining: int, reset: float) -> bytes:
    tokens = f"x-ratelimit-limit-tokens: {PLENTY}\r\nx-ratelimit-remaining-tokens: {PLENTY - 1000}\r\n"
    requests = f"x-ratelimit-limit-requests: {limit}\r\nx-ratelimit-remaining-requests: {remaining}\r\n"
    resets = f"x-ratelimit-reset-requests: {_duration(reset)}\r\nx-ratelimit-reset-tokens: 6ms\r\n"
    return (requests + tokens + resets).encode()


def _duration(seconds: float) -> str:
    """Write seconds as OpenAI does: 20ms, 1s, 1.5s, 6m0s."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    minutes, rest = divmod(round(seconds, 3), 60)
    return f"{minutes:.0f}m{rest:g}s" if minutes else f"{rest:g}s"


class Connection(asyncio.Protocol):
    """One client connection: parses a request, answers it when its time has come, parses the next."""

    def __init__(self, teacher: Teacher) -> None:
        self._teacher = teacher
        self._transport: Any = None
        self._received = b""
        self._timer: asyncio.TimerHandle | None = None
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Set no delay: answers are small."""
        self._transport = transport
        self._teacher.counts.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Forget the answer that nobody waits for any more."""
        if self._timer:
            self._timer.cancel()
        if self._busy:
            self._teacher.counts.in_flight -= 1
            self._busy = False

    def data_received(self, data: bytes) -> None:
        """Take bytes; a request that came whole, as most do, is not copied."""
        self._received = self._received + data if self._received else data
        self._parse()

    def _parse(self) -> None:
        if self._busy:
            return
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._received[:end]
        size = _content_length(head)
        if size is None:
            self._respond(411, b"{}")
            return
        behind = end + 4 + size
        if len(self._received) < behind:
            return
        body, self._received = self._received[end + 4 : behind], self._received[behind:]
        self._route(head, body)

    def _route(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"POST /v1/chat/completions"):
            self._chat(body)
        elif head.startswith(b"GET /v1/models"):
            self._respond(200, json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]}).encode())
        elif head.startswith(b"GET /control/rows"):
            self._respond(200, json.dumps(self._teacher.counts.rows()).encode())
        elif head.startswith(b"GET /control"):
            self._respond(200, json.dumps(self._teacher.counts.report()).encode())
        elif head.startswith(b"POST /control"):
            self._behave(body)
        else:
            self._respond(404, error("no such path", "not_found"))

    def _behave(self, body: bytes) -> None:
        try:
            self._teacher.behave(msgspec.json.decode(body, type=Modes))
        except msgspec.DecodeError as error:
            self._respond(400, error(str(error), "bad_modes"))
        else:
            self._respond(200, b"{}")

    def _chat(self, body: bytes) -> None:
        """Note the request, draw its fate, and set the time of the answer."""
        teacher = self._teacher
        modes, counts = teacher.modes, teacher.counts
        counts.first = counts.first or time.time()
        tag = teacher.row_of(body)
        row = tag.decode("latin-1")
        self._busy = True
        counts.in_flight += 1
        counts.most_in_flight = max(counts.most_in_flight, counts.in_flight)
        fault = teacher.fault(row)
        if fault in KINDS:
            counts.kinds[fault] += 1
        if fault == "reset":
            self._transport.abort()
        elif fault == "too_many":
            self._later(TOO_EARLY, lambda: self._refuse(429, modes.retry_after))
        elif fault == "limited":
            counts.kinds["limited"] += 1
            self._later(OVER_LIMIT, lambda: self._refuse(429, modes.limit_retry_after))
        elif fault == "error":
            self._later(modes.latency, lambda: self._refuse(500, None))
        elif fault != "hang":
            counts.paid[row] += 1
            streamed = b'"stream":true' in body or b'"stream": true' in body
            seconds = modes.latency * (SLOWNESS if fault == "slow" else 1)
            self._later(seconds, lambda: self._answer(tag, fault, streamed=streamed))

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        if seconds:
            self._timer = self._teacher.loop.call_later(seconds, act)
        else:
            act()

    def _answer(self, tag: bytes, fault: str | None, *, streamed: bool) -> None:
        answers = self._teacher.answers
        pieces = answers.streamed if streamed else answers.stop
        if fault == "length":
            pieces = answers.streamed_length if streamed else answers.length
        elif fault == "truncated":
            pieces = pieces[: len(pieces) // 2] if streamed else answers.truncated
        self._teacher.counts.answered[tag.decode("latin-1")] += 1
        self._done()
        kind = b"text/event-stream" if streamed else b"application/json"
        self._respond(200, tag.join(pieces), kind=kind, extra=self._teacher.limits())

    def _refuse(self, status: int, wait: float | None) -> None:
        answers = self._teacher.answers
        self._teacher.counts.kinds[str(status)] += 1
        self._done()
        extra = self._teacher.limits()
        if wait is not None:
            extra += f"retry-after: {wait:g}\r\n".encode()
        self._respond(status, answers.too_many if status == 429 else answers.error, extra=extra)  # noqa: PLR2004

    def _done(self) -> None:
        """Take note that a request has its answer; whether the client still reads is not known."""
        counts = self._teacher.counts
        self._busy = False
        counts.in_flight -= 1
        counts.last = time.time()

    def _respond(self, status: int, body: bytes, *, kind: bytes = b"application/json", extra: bytes = b"") -> None:
        if self._transport.is_closing():
            return
        head = b"HTTP/1.1 %d %b\r\ncontent-type: %b\r\n%bcontent-length: %d\r\n\r\n"
        reason = STATUS.get(status, "Internal Server Error").encode()
        self._transport.write(head % (status, reason, kind, extra, len(body)) + body)
        if self._received:
            self._teacher.loop.call_soon(self._parse)


def _content_length(head: bytes) -> int | None:
    """Return the size of the body, 0 without one, None if it is not told beforehand."""
    folded = head.lower()
    at = folded.find(b"\r\ncontent-length:")
    if at >= 0:
        return int(folded[at + 17 : (folded.find(b"\r\n", at + 2) + 1 or len(folded) + 1) - 1])
    return None if b"\r\ntransfer-encoding:" in folded else 0


async def serve(port: int) -> None:
    """Listen on 127.0.0.1 and print the URL; return when the process that started us has gone."""
    loop = asyncio.get_running_loop()
    teacher = Teacher(loop)
    listening = socket.create_server(("127.0.0.1", port), backlog=4096)
    server = await loop.create_server(lambda: Connection(teacher), sock=listening, backlog=4096)
    sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    parent = os.getppid()
    async with server:
        while os.getppid() == parent:  # noqa: ASYNC110  # nothing tells of a parent's end
            await asyncio.sleep(1)


def main() -> None:
    """Serve, on uvloop where it is installed."""
    parser = argparse.ArgumentParser(description="a fast, faulty teacher on loopback")
    parser.add_argument("--port", type=int, default=0)
    run: Any = asyncio.run
    try:
        import uvloop

        run = uvloop.run
    except ImportError:
        pass
    run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
