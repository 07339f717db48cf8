"""What errors of huggingface_hub mean for who wants to publish: one line, and what to do."""

import json
import re
from typing import TYPE_CHECKING

from magicoder_gen.errors import ConfigError, CorpusUnreachable, MagicoderError, NotAuthorised, TryLater, of_the_machine
from magicoder_gen.push.client import Busy
from magicoder_gen.records import Record
from magicoder_gen.sample.corpora import faults
from magicoder_gen.sample.corpora.hub_patience import Again

if TYPE_CHECKING:
    import httpx2

VARIABLE = "HF_TOKEN"
_SHOWN = 200  # characters of what somebody else says
_MOVED, _CONFLICT, _NOT_FOUND = 412, 409, 404
_REFUSED = {401, 403}
_FULL = {402, 413, 507}  # payment required, payload too large, insufficient storage
_AGAIN = "the same command goes on later"


class Asked(Record, frozen=True):
    """Of which hub something was asked, about which page.

    `source` is where the token is from, `token` what is never shown, "" if none was sent.
    """

    hub: str
    page: str
    source: str
    token: str

    def meaning(self, error: Exception, *, otherwise: str = "") -> MagicoderError:
        """Return our error for one of the library, or of the machine; `otherwise` is said of what is none of these."""
        from huggingface_hub.errors import HfHubHTTPError

        cause = _cause(error)
        if isinstance(cause, Again):
            return self._impatient(cause)
        if isinstance(cause, HfHubHTTPError):
            return self._answer(cause.response)
        if type(cause).__name__ == "XetAuthenticationError":  # of hf_xet, which need not be here
            return self._refused(self._said(cause))
        if isinstance(cause, json.JSONDecodeError | KeyError | TypeError):
            return self.unreachable("it does not answer as a hub does")
        ours = of_the_machine(cause) if isinstance(cause, OSError | MemoryError) else None
        return ours or self.unreachable(self._said(cause) + otherwise)

    def _impatient(self, cause: Again) -> MagicoderError:
        if isinstance(cause, Busy):
            return TryLater(f"{self.hub} asks to be left alone for a while: {cause}; {_AGAIN}")
        return self.unreachable(self.shown(str(cause)))

    def unreachable(self, why: str) -> CorpusUnreachable:
        """Return the error for a hub that does not answer, or not as one."""
        return CorpusUnreachable(f"cannot reach {self.page}: {why}; {_AGAIN}")

    def no_token(self) -> NotAuthorised:
        """Return the error for what cannot be done by nobody."""
        return NotAuthorised(
            f"no token of {self.hub} to publish with; put one that may write into {VARIABLE}, or run `hf auth login`"
        )

    def _answer(self, response: "httpx2.Response") -> MagicoderError:
        status, said = response.status_code, self.shown(_words(response))
        behind = f" ({said})" if said else ""
        if status in _REFUSED:
            return self._refused(said)
        if status in {_MOVED, _CONFLICT}:
            return TryLater(
                f"{self.page}: somebody else changed it meanwhile{behind}; run the same command again, it looks anew"
            )
        if status in _FULL:
            return TryLater(f"{self.page}: the hub has no room for it{behind}; make room, or ask for more, and go on")
        if status == _NOT_FOUND:
            return ConfigError(f"{self.page}: the hub knows no such place{behind}; correct OWNER/NAME or --revision")
        return ConfigError(f"{self.page}: the hub refuses it with {status}{behind}; correct what it names")

    def _refused(self, said: str) -> NotAuthorised:
        behind = f" ({said})" if said else ""
        if not self.source:
            return self.no_token()
        return NotAuthorised(
            f"{self.page}: the token in {self.source} is refused{behind}; use one that may write there"
        )

    def shown(self, text: str) -> str:
        """Return what somebody else says as it can be printed: short, in one line, without the token."""
        plain = text.replace(self.token, "[token]") if self.token else text
        return faults.shown(" ".join(plain.split()))[:_SHOWN].rstrip(". ")

    def _said(self, error: Exception) -> str:
        """Return what an error says, without what follows the `?` of a link: that is as good as a password."""
        return self.shown(re.sub(r"\?[^\s'\"]*", "", faults.one_line(error)))


def _cause(error: Exception) -> Exception:
    """Return what stands behind the error by which the library tells the name of a file."""
    if isinstance(error, RuntimeError) and isinstance(error.__cause__, Exception):
        return error.__cause__
    return error


def _words(response: "httpx2.Response") -> str:
    """Return the server's own words: its header, else the error of a JSON body; never XML of a storage.

    That names keys and what was signed.
    """
    said = response.headers.get("X-Error-Message", "")
    if not said:
        try:
            body = json.loads(response.content)
            said = str(body["error"]) if isinstance(body, dict) and "error" in body else ""
        except ValueError:
            said = ""
    return said
