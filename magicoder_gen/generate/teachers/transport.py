"""The way to one endpoint: openai's client says how its requests look, aiohttp sends them.

The client forms one request of a kind (URL, key, headers); those that follow differ in their body alone, so the
client's work, twice as much as all the rest, is done once. Deadlines, a cap on what an answer may hold, and no
redirects: a key never goes where it was not meant to go.
"""

from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx2
import msgspec
from openai import AsyncOpenAI, Omit
from yarl import URL

from magicoder_gen.errors import ConfigError, of_the_machine
from magicoder_gen.generate.teachers import wire
from magicoder_gen.generate.teachers.endpoints import Endpoint
from magicoder_gen.generate.teachers.wire import Refusal, Retry

_NOT_SENT = frozenset({"content-length", "connection", "host", "accept-encoding"})
"""Headers that aiohttp writes itself."""


class Deadlines(msgspec.Struct, frozen=True):
    """Seconds: for a whole request, for a connection, between two pieces of an answer."""

    total: float
    connect: float
    idle: float


class Answered(msgspec.Struct, frozen=True):
    """What came back; the names of headers are found in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Sends requests to one endpoint; a context manager. No message of it holds a request, whose headers hold the key.

    `timeouts_are_final` means that a request which was given up goes on at the server, so that another would pile up.
    """

    def __init__(
        self, endpoint: Endpoint, key: str, deadlines: Deadlines, *, max_bytes: int, timeouts_are_final: bool = False
    ) -> None:
        """`max_bytes` is counted after decompression."""
        self._endpoint = endpoint
        self._key = key
        self._deadlines = deadlines
        self._max_bytes = max_bytes
        self._timeouts_are_final = timeouts_are_final

    async def __aenter__(self) -> Self:
        url, self._headers = await _form("POST", "/chat/completions", self._endpoint, self._key)
        self._url = URL(url, encoded=True)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._endpoint.concurrency, keepalive_timeout=60.0),
            timeout=aiohttp.ClientTimeout(
                total=self._deadlines.total, sock_connect=self._deadlines.connect, sock_read=self._deadlines.idle
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=_proxy(self._endpoint),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def post(self, body: bytes) -> Answered:
        """Send a chat request, return what came back; raise Retry, Refusal, or what ends the run."""
        return await self._exchange("POST", self._url, self._headers, body)

    async def get(self, path: str) -> Answered:
        """Ask for what `path` below the endpoint's URL holds."""
        url, headers = await _form("GET", path, self._endpoint, self._key)
        return await self._exchange("GET", URL(url, encoded=True), headers, None)

    async def _exchange(self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None) -> Answered:
        try:
            async with self._session.request(
                method, url, headers=headers, data=body, allow_redirects=False
            ) as response:
                return Answered(response.status, response.headers, await self._body(response))
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise self._trouble(error) from error

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        pieces, size = [], 0
        async for piece in response.content.iter_any():
            size += len(piece)
            if size > self._max_bytes:
                response.close()
                said = f"an answer of more than {self._max_bytes} bytes (max_response_bytes)"
                raise Refusal("too_large", said, paid=True)
            pieces.append(piece)
        return b"".join(pieces)

    def _trouble(self, error: Exception) -> Retry | Refusal:
        """Say what went wrong below HTTP; raise what ends the run."""
        exhausted = of_the_machine(error) if isinstance(error, OSError) else None
        if exhausted:
            raise exhausted from error
        if isinstance(error, aiohttp.ClientSSLError):
            raise ConfigError(f"the certificate of {self._endpoint.url} is not trusted: {error}") from error
        if isinstance(error, aiohttp.ClientHttpProxyError):
            wire.judge_status(error.status, "the proxy says so", error.headers or {}, where=self._endpoint.url)
        if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            said = str(error) if isinstance(error, aiohttp.ClientConnectorError) else "no connection in time"
            return Retry("connection", said, costs=False)
        if isinstance(error, TimeoutError):
            return self._late(error)
        if isinstance(error, aiohttp.ClientPayloadError):
            return Retry("bad_body", "an answer that broke off or cannot be unpacked", paid=True)
        said = str(error) if isinstance(error, OSError) else ""
        return Retry("connection", f"{type(error).__name__} {said}".strip(), paid=True)

    def _late(self, error: TimeoutError) -> Retry | Refusal:
        silent = isinstance(error, aiohttp.SocketTimeoutError)
        waited, option = (self._deadlines.idle, "idle_timeout") if silent else (self._deadlines.total, "timeout")
        message = f"{'nothing came for' if silent else 'no whole answer within'} {waited:g} s ({option})"
        final = self._timeouts_are_final
        return Refusal("timeout", message, paid=True) if final else Retry("timeout", message, paid=True)


class _Draft(httpx2.AsyncBaseTransport):
    """Keeps what the client would send."""

    request: httpx2.Request

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.request = request
        return httpx2.Response(200, request=request)


async def _form(method: str, path: str, endpoint: Endpoint, key: str) -> tuple[str, dict[str, str]]:
    """Return URL and headers of a request as openai's client forms it."""
    draft = _Draft()
    header = endpoint.api_key_header
    client = AsyncOpenAI(
        api_key=key,
        base_url=endpoint.url,
        max_retries=0,
        default_query=endpoint.query,
        http_client=httpx2.AsyncClient(transport=draft, trust_env=False),
    )
    options: Any = {"headers": {header: key, "Authorization": Omit()} if header else {}}
    async with client:
        if method == "GET":
            await client.get(path, cast_to=httpx2.Response, options=options)
        else:
            await client.post(path, body={}, cast_to=httpx2.Response, options=options)
    sent = draft.request.headers
    return str(draft.request.url), {name: value for name, value in sent.items() if name not in _NOT_SENT}


def _proxy(endpoint: Endpoint) -> str | None:
    """Return the proxy that the environment names for an endpoint elsewhere; its netrc is none of our business."""
    parts = urlsplit(endpoint.url)
    if endpoint.is_loopback or proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)
