"""A server on 127.0.0.1 that answers with given bytes, for what no HTTP library would send."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager


@asynccontextmanager
async def answering(*answers: Iterable[bytes | float]) -> AsyncIterator[str]:
    """Serve; yield the URL. Each connection gets the next answer, the last one for ever: pieces, and pauses (seconds).

    A connection is closed behind its answer.
    """
    left = list(answers)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        pieces = left.pop(0) if len(left) > 1 else left[0]
        try:
            for piece in pieces:
                if isinstance(piece, bytes):
                    writer.write(piece)
                    await writer.drain()
                else:
                    await asyncio.sleep(piece)
        except ConnectionError:
            return  # the client has had enough
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


def framed(body: bytes, *headers: str, kind: str = "application/json", status: str = "200 OK") -> list[bytes]:
    """A whole answer, correctly framed."""
    lines = [
        f"HTTP/1.1 {status}",
        f"content-type: {kind}",
        f"content-length: {len(body)}",
        "connection: close",
        *headers,
    ]
    return ["\r\n".join([*lines, "", ""]).encode(), body]


def streamed(*events: bytes) -> list[bytes]:
    """The beginning of a stream, and events that end with the connection."""
    return [b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n", *events]
