"""Requests to the Hugging Face Hub: JSON and ranges of bytes."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import msgspec

from magicoder_gen import __version__
from magicoder_gen.errors import ConfigError, NotAuthorised
from magicoder_gen.records import Record
from magicoder_gen.sample.corpora import faults
from magicoder_gen.sample.corpora.hub_answers import PARTIAL, Missing, Question
from magicoder_gen.sample.corpora.hub_patience import Again, patiently

if TYPE_CHECKING:
    import httpx2

Span = tuple[int, int]

_ENDPOINT = "https://huggingface.co"
_FEW_TRIES = 3  # where nothing is lost yet, so that a wrong endpoint or no network is told within seconds
_MANY_TRIES = 6  # where a run of hours would stop: with the waits of our own, half a minute
_NO_HUB = "it does not answer as a hub does"
_MOST_PAGES = 10_000  # of a list: ten million files
_LINKS = 1000
# Where the bytes of a file lie, by token_env and the hub's address of the file: so a range takes one round trip, not
# two. Such a link expires, and is a secret as long as it does not: it stays in this process.
_links: dict[tuple[str | None, str], str] = {}


def endpoint() -> str:
    """Return where the hub is: HF_ENDPOINT as it is now; huggingface_hub itself reads it once, at import."""
    url = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/") or _ENDPOINT
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and not _holds_more(url)
        is_address = is_address and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:  # its value may hold a password
        raise ConfigError(
            "HF_ENDPOINT is no plain http address (one without user, password, ? and #); correct or unset it"
        )
    return url


def token(variable: str) -> tuple[str | None, str]:
    """Return the token and where it is from: the variable, else the file that `hf auth login` writes; None and ""."""
    from huggingface_hub import constants

    file = Path(os.environ.get("HF_TOKEN_PATH") or constants.HF_TOKEN_PATH)
    found, source = os.environ.get(variable, "").strip(), f"the environment variable {variable}"
    if not found:
        with suppress(OSError):
            found, source = file.read_text(errors="replace").strip(), str(file)
    if not (found.isascii() and found.isprintable()):
        raise NotAuthorised(f"{source} holds no token of the hub; put one there, it is a word")
    return found or None, source if found else ""


def _holds_more(url: str) -> bool:
    """Whether an address has parts that may be secret, or that no path can follow."""
    return any(mark in url for mark in "@?#") or not url.isprintable()


class Endless(Exception):  # told as what the hub does
    """A list whose next page is one that was there before, or which has more pages than any."""


def pages(first: str, endpoint: str, ask: Callable[[str], "httpx2.Response"]) -> Iterator["httpx2.Response"]:
    """Yield the pages of a list, asked for one by one at our endpoint, wherever the hub says that the next one is.

    A mirror passes on links to the hub it mirrors, which the token is not for. Raises Endless.
    """
    asked: set[str] = set()
    url: str | None = first
    while url:
        if url in asked or len(asked) == _MOST_PAGES:
            raise Endless("its list of files does not end")
        asked.add(url)
        page = ask(url)
        yield page
        url = _here(page.links.get("next", {}).get("url"), endpoint)


def _here(url: str | None, endpoint: str) -> str | None:
    if url is None or url.startswith(f"{endpoint}/"):
        return url
    parts = urlsplit(url)
    return f"{endpoint}{parts.path}?{parts.query}"


class Repository(Record, frozen=True):
    """A dataset on the hub. It holds no token: each request looks that up where `token_env` says."""

    endpoint: str
    name: str
    token_env: str | None

    @property
    def page(self) -> str:
        """The address that people open."""
        return self._question("").page

    def resolved(self, revision: str) -> str:
        """Return the commit that a branch, tag or commit is now."""
        url = f"{self._api}/revision/{quote(revision, safe='')}"
        try:
            found = self._json(self._get(url, revision=revision, tries=_FEW_TRIES), revision)
        except Missing:
            raise self._question(revision).unknown() from None
        if not isinstance(found, dict) or not isinstance(found.get("sha"), str):
            raise self._question(revision).unreachable(_NO_HUB)
        return str(found["sha"])

    def entries(self, commit: str, folder: str, *, recursive: bool) -> list[dict[str, Any]]:
        """Return what is in `folder` ("" = the root), in the hub's order; raise Missing if there is none."""
        below = f"/{quote(folder, safe='')}" if folder else ""
        first = f"{self._api}/tree/{commit}{below}?recursive={str(recursive).lower()}&expand=false"
        ask = partial(self._get, revision=commit, tries=_FEW_TRIES)
        found: list[dict[str, Any]] = []
        try:
            for page in pages(first, self.endpoint, ask):
                found += self._json(page, commit)
        except Endless as error:
            raise self._question(commit).unreachable(str(error)) from error
        return found

    def part(self, commit: str, path: str, span: Span, *, ended: threading.Event | None = None) -> bytes:
        """Return the bytes of a file from the first to the one before the second of `span`.

        Raises Missing if it is not there. Once `ended` is set, a busy hub is not waited for.
        """
        url = f"{self.page}/resolve/{commit}/{quote(path)}"
        response = self._get(url, revision=commit, tries=_MANY_TRIES, span=span, ended=ended)
        first, stop = span
        content = response.content if response.status_code == PARTIAL else response.content[first:stop]
        if len(content) != stop - first:
            raise self._question(commit).unreachable(f"it sends {path} shorter than it lists it")
        return content

    @property
    def _api(self) -> str:
        return f"{self.endpoint}/api/datasets/{self.name}"

    def _get(
        self, url: str, *, revision: str, tries: int, span: Span | None = None, ended: threading.Event | None = None
    ) -> "httpx2.Response":
        ask = partial(self._once, url, revision, span)
        try:
            return patiently(ask, hub=self.endpoint, tries=tries, ended=ended)
        except Again as error:
            raise self._question(revision).unreachable(str(error)) from error

    def _once(self, url: str, revision: str, span: Span | None) -> "httpx2.Response":
        """Ask the hub once; or, for a range, the link that it gave for another range of the same file."""
        key = (self.token_env, url)
        link = _links.get(key) if span else None
        token, source = (None, "") if link else self._token()
        question = self._question(revision, source)
        try:
            response = self._sent(link or url, token, span, question=question)
        except Exception as error:
            _links.pop(key, None)
            if link and not isinstance(error, Again):  # an expired link may answer anything: the hub knows better
                raise Again("a link that it gave is of no use any more", wait=0.0) from error
            raise
        if span and _origin(response.url) != _origin(self.endpoint):
            if len(_links) >= _LINKS:
                _links.clear()
            _links[key] = str(response.url)
        return response

    def _sent(self, url: str, token: str | None, span: Span | None, *, question: Question) -> "httpx2.Response":
        """Send a request; redirects to another host, as to a CDN, are followed without the token."""
        import httpx2
        from huggingface_hub import constants
        from huggingface_hub.errors import OfflineModeIsEnabled

        if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
            raise question.offline()
        headers, timeout = _headers(token, span), constants.HF_HUB_DOWNLOAD_TIMEOUT
        try:
            with _session().stream("GET", url, headers=headers, timeout=timeout, follow_redirects=True) as response:
                question.judge(response)
                if span:
                    question.judge_span(response, span)
                response.read()
        except OfflineModeIsEnabled as error:
            raise question.offline() from error
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise ConfigError(f"HF_ENDPOINT: {self.endpoint!r} leads to no http address; correct it") from error
        except httpx2.HTTPError as error:
            raise Again(faults.one_line(error)) from error
        return response

    def _token(self) -> tuple[str | None, str]:
        return (None, "") if self.token_env is None else token(self.token_env)

    def _question(self, revision: str, source: str = "") -> Question:
        return Question(self.endpoint, self.name, revision, source, self.token_env)

    def _json(self, response: "httpx2.Response", revision: str) -> Any:
        try:
            return msgspec.json.decode(response.content)
        except msgspec.DecodeError as error:
            raise self._question(revision).unreachable(_NO_HUB) from error


def _session() -> "httpx2.Client":
    """Return the client that huggingface_hub shares with all who use it."""
    from huggingface_hub import get_session

    try:
        return get_session()
    except (ValueError, ImportError) as error:
        remedy = "correct HTTPS_PROXY, HTTP_PROXY or ALL_PROXY"
        raise ConfigError(f"the proxy that the environment names cannot be used; {remedy}") from error


def _origin(url: object) -> tuple[str, str]:
    parts = urlsplit(str(url))
    return parts.scheme, parts.netloc


def _headers(token: str | None, span: Span | None) -> dict[str, str]:
    """Return the headers to send; written here because huggingface_hub's own report on the machine."""
    headers = {"user-agent": f"magicoder-gen/{__version__}", "accept-encoding": "identity"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    if span:
        headers["range"] = f"bytes={span[0]}-{span[1] - 1}"
    return headers
