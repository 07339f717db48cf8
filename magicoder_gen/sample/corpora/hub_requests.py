"""Requests to the Hugging Face Hub: JSON and ranges of bytes, asked patiently, errors as what the user can do."""

import os
import re
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import msgspec

from magicoder_gen import __version__
from magicoder_gen.errors import ConfigError, CorpusUnreachable, NotAuthorised
from magicoder_gen.records import Record

if TYPE_CHECKING:
    import httpx2
    from tenacity import RetryCallState

_ENDPOINT = "https://huggingface.co"
_FEW_TRIES = 3  # where nothing is lost yet, so that a wrong endpoint or no network is told within seconds
_MANY_TRIES = 6  # where a run of hours would stop: with the waits below, half a minute
stopping = threading.Event()  # set where the program ends: threads that wait for the hub shall not hold it up
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_MAX_WAIT = 300.0  # seconds; the window of the hub's rate limits
_EXHAUSTED = re.compile(r"r=0;t=([0-9]+)")  # as in `"api";r=0;t=55`: none left, 55 seconds to the next window
_PARTIAL = 206
SMALL = 1 << 24  # bytes; a file of the repository proper, which the hub keeps under 10 MB, may come whole
WAIT = 1.0  # seconds before the second try; doubles from try to try


class Again(Exception):  # an instruction, not an error
    """Ask again, after `wait` seconds if that is not None."""

    def __init__(self, message: str, *, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class Missing(Exception):  # an instruction, not an error
    """The dataset has no such file or folder at this revision."""


def endpoint() -> str:
    """Return where the hub is: HF_ENDPOINT as it is now; huggingface_hub itself reads it once, at import."""
    url = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/") or _ENDPOINT
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        is_address = False
    if not is_address:  # its value may hold a password
        raise ConfigError("HF_ENDPOINT is no http address, or has a user or password in it; correct or unset it")
    return url


class Repository(Record, frozen=True):
    """A dataset on the hub. It holds no token: each request looks that up where `token_env` says."""

    endpoint: str
    name: str
    token_env: str | None

    @property
    def page(self) -> str:
        """The address that people open."""
        return f"{self.endpoint}/datasets/{self.name}"

    def resolved(self, revision: str) -> str:
        """Return the commit that a branch, tag or commit is now."""
        url = f"{self._api}/revision/{quote(revision, safe='')}"
        try:
            found = self._json(self._get(url, revision=revision, tries=_FEW_TRIES))
        except Missing:
            raise self._not_found() from None
        if not isinstance(found, dict) or not isinstance(found.get("sha"), str):
            raise self._unreachable("it does not answer as a hub does")
        return str(found["sha"])

    def entries(self, commit: str, folder: str, *, recursive: bool) -> list[dict[str, Any]]:
        """Return what is in `folder` ("" = the root), in the hub's order; raise Missing if there is none."""
        below = f"/{quote(folder, safe='')}" if folder else ""
        url: str | None = f"{self._api}/tree/{commit}{below}?recursive={str(recursive).lower()}&expand=false"
        found: list[dict[str, Any]] = []
        while url:
            response = self._get(url, revision=commit, tries=_FEW_TRIES)
            found += self._json(response)
            url = self._here(response.links.get("next", {}).get("url"))
        return found

    def part(self, commit: str, path: str, first: int, stop: int) -> bytes:
        """Return the bytes `first` to `stop` (exclusive) of a file; raise Missing if it is not there."""
        url = f"{self.endpoint}/datasets/{self.name}/resolve/{commit}/{quote(path)}"
        response = self._get(url, revision=commit, tries=_MANY_TRIES, span=(first, stop))
        content = response.content if response.status_code == _PARTIAL else response.content[first:stop]
        if len(content) != stop - first:
            raise self._unreachable(f"it sends {path} shorter than it lists it")
        return content

    @property
    def _api(self) -> str:
        return f"{self.endpoint}/api/datasets/{self.name}"

    def _here(self, url: str | None) -> str | None:
        """Return `url` at our endpoint: a mirror passes on links to the hub it mirrors, the token is not for that."""
        if url is None or url.startswith(f"{self.endpoint}/"):
            return url
        parts = urlsplit(url)
        return f"{self.endpoint}{parts.path}?{parts.query}"

    def _get(self, url: str, *, revision: str, tries: int, span: tuple[int, int] | None = None) -> "httpx2.Response":
        from tenacity import Retrying, retry_if_exception_type, sleep_using_event, stop_after_attempt

        patiently = Retrying(
            retry=retry_if_exception_type(Again),
            stop=stop_after_attempt(tries),
            wait=_wait,
            sleep=sleep_using_event(stopping),
            reraise=True,
        )
        try:
            return patiently(self._once, url, revision, span)
        except Again as error:
            raise self._unreachable(str(error)) from error

    def _once(self, url: str, revision: str, span: tuple[int, int] | None) -> "httpx2.Response":
        """Ask once; redirects to another host, as to a CDN, are followed without the token."""
        import httpx2
        from huggingface_hub import constants, get_session
        from huggingface_hub.errors import OfflineModeIsEnabled

        if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
            raise self._unreachable("HF_HUB_OFFLINE forbids it")
        token, source = self._token()
        headers = _headers(token, span)
        timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT
        try:
            with get_session().stream("GET", url, headers=headers, timeout=timeout, follow_redirects=True) as response:
                self._judge(response, revision, source)
                if span:
                    self._check_span(response, span)
                response.read()
        except OfflineModeIsEnabled as error:
            raise self._unreachable("HF_HUB_OFFLINE forbids it") from error
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise ConfigError(f"HF_ENDPOINT: {self.endpoint!r} leads to no http address; correct it") from error
        except httpx2.HTTPError as error:
            raise Again(str(error) or type(error).__name__) from error
        return response

    def _token(self) -> tuple[str | None, str]:
        """Return the token and where it is from: the variable, else the file that `hf auth login` writes."""
        from huggingface_hub import constants

        if self.token_env is None:
            return None, ""
        file = Path(os.environ.get("HF_TOKEN_PATH") or constants.HF_TOKEN_PATH)
        token, source = os.environ.get(self.token_env, "").strip(), f"the environment variable {self.token_env}"
        if not token:
            with suppress(OSError):
                token, source = file.read_text(errors="replace").strip(), str(file)
        if not (token.isascii() and token.isprintable()):
            raise NotAuthorised(f"{source} holds no token of the hub; put one there, it is a word")
        return token or None, source if token else ""

    def _judge(self, response: "httpx2.Response", revision: str, source: str) -> None:
        """Raise what an answer other than success means. The hub gives its codes in headers, a CDN has none."""
        status, code = response.status_code, response.headers.get("X-Error-Code")
        said = _said(response)
        if status in {200, _PARTIAL}:
            return
        if status in _TRANSIENT or (status == 403 and not (code or said)):  # noqa: PLR2004  # a CDN's link has expired
            raise Again(f"it answers {status}", wait=_asked_wait(response))
        if code == "GatedRepo":
            raise NotAuthorised(self._gated(said, source))
        if code == "RevisionNotFound":
            raise ConfigError(f"{self.page} has no revision {revision!r}; correct revision: a branch, tag or commit")
        if status == 401 and source and (code != "RepoNotFound" or said.startswith("Invalid credentials")):  # noqa: PLR2004
            raise NotAuthorised(f"{self.page}: the token in {source} is refused; put a valid one there")
        if code == "RepoNotFound" or status == 401:  # noqa: PLR2004
            raise self._not_found()
        if status == 403:  # noqa: PLR2004
            raise NotAuthorised(f"{self.page}: access is denied: {said}; use a token that may read it")
        if status == 404:  # noqa: PLR2004
            raise Missing
        raise self._unreachable(f"it answers {status}{said and ': ' + said}")

    def _check_span(self, response: "httpx2.Response", span: tuple[int, int]) -> None:
        """Refuse what is not the part that was asked for, before it is read: it may be the whole of a large file."""
        first, stop = span
        said, length = response.headers.get("Content-Range", ""), response.headers.get("Content-Length", "")
        if response.status_code == _PARTIAL:
            fits, what = said.startswith(f"bytes {first}-{stop - 1}/"), "another part of a file"
        else:
            is_small = re.fullmatch("[0-9]{1,9}", length) is not None and int(length) <= SMALL
            fits, what = is_small, "whole files"
        if not fits:
            raise ConfigError(
                f"{self.page}: the server sends {what} where a range of bytes was asked for; "
                "set HF_ENDPOINT to a hub that serves ranges"
            )

    def _json(self, response: "httpx2.Response") -> Any:
        try:
            return msgspec.json.decode(response.content)
        except msgspec.DecodeError as error:
            raise self._unreachable("it does not answer as a hub does") from error

    def _gated(self, said: str, source: str) -> str:
        variable = self.token_env or "that token_env names"
        has = f"the account of the token in {source} has no access" if source else "no token was sent"
        return (
            f"{self.page} is gated and {has}{said and ': ' + said}; accept its terms at {self.page} while signed in, "
            f"then put a token of that account into the environment variable {variable}"
        )

    def _not_found(self) -> ConfigError:
        return ConfigError(
            f"{self.page}: there is no such dataset, or it is private; correct dataset in sample.corpora, "
            f"or put a token that may read it into the environment variable {self.token_env or 'that token_env names'}"
        )

    def _unreachable(self, why: str) -> CorpusUnreachable:
        return CorpusUnreachable(f"cannot reach {self.endpoint} for {self.name}: {why}; the same command goes on later")


def _headers(token: str | None, span: tuple[int, int] | None) -> dict[str, str]:
    """Return the headers to send; written here because huggingface_hub's own report on the machine."""
    headers = {"user-agent": f"magicoder-gen/{__version__}", "accept-encoding": "identity"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    if span:
        headers["range"] = f"bytes={span[0]}-{span[1] - 1}"
    return headers


def _said(response: "httpx2.Response") -> str:
    """Return the server's own words, safe to print."""
    return "".join(filter(str.isprintable, response.headers.get("X-Error-Message", "")))[:300].rstrip(". ")


def _wait(state: "RetryCallState") -> float:
    """Seconds: what the server asked for, else WAIT x 1, 2, 4 …, at most 8."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, Again) else None
    return min(asked, _MAX_WAIT) if asked is not None else WAIT * min(2.0 ** (state.attempt_number - 1), 8.0)


def _asked_wait(response: "httpx2.Response") -> float | None:
    """Return the seconds that the server asks for, by its rate limit header or Retry-After; None if it does not."""
    exhausted = _EXHAUSTED.search(response.headers.get("RateLimit", ""))
    asked = exhausted[1] if exhausted else response.headers.get("Retry-After", "").strip()
    return float(asked) if re.fullmatch("[0-9]+", asked) else None
