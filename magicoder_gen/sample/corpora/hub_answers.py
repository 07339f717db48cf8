"""What answers of the Hugging Face Hub mean: asking again, or what the user can do."""

import re
from typing import TYPE_CHECKING

from magicoder_gen.errors import ConfigError, CorpusUnreachable, NotAuthorised
from magicoder_gen.records import Record
from magicoder_gen.sample.corpora.faults import WrongOption
from magicoder_gen.sample.corpora.hub_patience import Again

if TYPE_CHECKING:
    import httpx2

SMALL = 1 << 24  # bytes; a file of the repository proper, which the hub keeps under 10 MB, may come whole
PARTIAL = 206
_OK = 200
_UNAUTHORISED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_EXHAUSTED = re.compile(r"r=0;t=([0-9]+)")  # as in `"api";r=0;t=55`: none left, 55 seconds to the next window


class Missing(Exception):  # an instruction, not an error
    """The dataset has no such file or folder at this revision."""


class Question(Record, frozen=True):
    """What was asked: of which dataset, whose `page` people open, at which revision.

    `source` is where the token is from that was sent, "" if none was; `variable` where one is looked for.
    """

    hub: str
    name: str
    revision: str
    source: str
    variable: str | None

    @property
    def page(self) -> str:
        """The address that people open."""
        return f"{self.hub}/datasets/{self.name}"

    def judge(self, response: "httpx2.Response") -> None:
        """Raise what an answer other than success means. The hub gives its codes in headers, a CDN has none."""
        status, code, said = response.status_code, response.headers.get("X-Error-Code"), words(response)
        if status in {_OK, PARTIAL}:
            return
        if status in _TRANSIENT or (status == _FORBIDDEN and not (code or said)):  # a CDN's link has expired
            raise Again(f"it answers {status}", wait=wait(response))
        if code == "GatedRepo":
            raise self._gated(said)
        if code == "RevisionNotFound":
            raise WrongOption(
                "revision", f"{self.page} has no revision {self.revision!r}; name a branch, a tag or a commit"
            )
        is_refused = code != "RepoNotFound" or said.startswith("Invalid credentials")
        if status == _UNAUTHORISED and self.source and is_refused:
            raise self._refused()
        if code == "RepoNotFound" or status == _UNAUTHORISED:
            raise self.unknown()
        if status == _FORBIDDEN:
            raise NotAuthorised(f"{self.page}: access is denied ({said or code}); use a token that may read it")
        if status == _NOT_FOUND:
            raise Missing
        raise self.unreachable(f"it answers {status}{said and ': ' + said}")

    def judge_span(self, response: "httpx2.Response", span: tuple[int, int]) -> None:
        """Refuse what is not the part that was asked for, before it is read: it may be the whole of a large file."""
        first, stop = span
        said, length = response.headers.get("Content-Range", ""), response.headers.get("Content-Length", "")
        if response.status_code == PARTIAL:
            fits, what = said.startswith(f"bytes {first}-{stop - 1}/"), "another part of a file"
        else:
            is_small = re.fullmatch("[0-9]{1,9}", length) is not None and int(length) <= SMALL
            fits, what = is_small, "whole files"
        if not fits:
            raise ConfigError(
                f"{self.page}: the server sends {what} where a range of bytes was asked for; "
                "set HF_ENDPOINT to a hub that serves ranges"
            )

    def unknown(self) -> ConfigError:
        """Return the error for a dataset that is not there, or that the hub does not show to us: it tells no more."""
        token = f"use another token than the one in {self.source}" if self.source else self._put("a token")
        return WrongOption(
            "dataset",
            f"{self.page}: there is no such dataset, or it is private; correct the name, or, if it is private, {token}",
        )

    def unreachable(self, why: str) -> CorpusUnreachable:
        """Return the error for a hub that does not answer as one."""
        return CorpusUnreachable(f"cannot reach {self.hub} for {self.name}: {why}; the same command goes on later")

    def offline(self) -> CorpusUnreachable:
        """Return the error for a hub that the user forbids to ask."""
        remedy = "unset it, or name corpora that are on this machine"
        return CorpusUnreachable(f"cannot reach {self.hub} for {self.name}: HF_HUB_OFFLINE forbids it; {remedy}")

    def _gated(self, said: str) -> NotAuthorised:
        has = f"the account of the token in {self.source} has no access" if self.source else "no token was sent"
        then = "then run the same command again" if self.source else f"then {self._put('a token of that account')}"
        why = f"{has} ({said})" if said else has
        return NotAuthorised(f"{self.page} is gated and {why}; accept its terms on that page while signed in, {then}")

    def _refused(self) -> NotAuthorised:
        remedy = "put a valid one there, or none for a public dataset"
        return NotAuthorised(f"{self.page}: the token in {self.source} is refused; {remedy}")

    def _put(self, what: str) -> str:
        if self.variable is None:
            return f"let token_env name an environment variable that holds {what}"
        return f"put {what} into the environment variable {self.variable}"


def words(response: "httpx2.Response") -> str:
    """Return the server's own words, safe to print."""
    return "".join(filter(str.isprintable, response.headers.get("X-Error-Message", "")))[:300].rstrip(". ")


def wait(response: "httpx2.Response") -> float | None:
    """Return the seconds that the server asks for, by its rate limit header or Retry-After; None if it does not."""
    exhausted = _EXHAUSTED.search(response.headers.get("RateLimit", ""))
    asked = exhausted[1] if exhausted else response.headers.get("Retry-After", "").strip()
    return float(asked) if re.fullmatch("[0-9]+", asked) else None
