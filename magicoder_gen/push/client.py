"""The HTTP client under huggingface_hub: one that gives up in the end, and leaves it to us when to ask again."""

from typing import Any

import httpx2
import huggingface_hub
from huggingface_hub import constants

from magicoder_gen import __version__
from magicoder_gen.errors import ConfigError
from magicoder_gen.sample.corpora import faults, hub_answers, hub_requests
from magicoder_gen.sample.corpora.hub_patience import Again

AGENT = {"user-agent": f"magicoder-gen/{__version__}"}  # the library's own reports on the machine
_CONNECT = 10.0  # seconds
_WRITE = 60.0  # seconds for some kilobytes of a body
_ANSWER = 300.0  # seconds; a commit of many files takes its time
_EXPIRED = 403  # what a storage says of a link that was given long ago; asking again brings another
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


def install() -> None:
    """Let huggingface_hub use it; its own waits without limit, and logs addresses that are as good as passwords.

    Nor shall it ask the hub which programs it might be run by, to report that.
    """
    constants.HF_HUB_DISABLE_TELEMETRY = True
    huggingface_hub.set_client_factory(_client)


class Busy(Again):
    """The hub asks to be left alone for a while."""


class _Client(httpx2.Client):
    """Raises Again where asking again may help, so that huggingface_hub does not do so in its own way.

    The token goes to the hub alone, whatever place an answer of it names.
    """

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        if request.url.origin != httpx2.URL(hub_requests.endpoint()).origin:
            request.headers.pop("authorization", None)
        if request.method == "GET":
            request.extensions["timeout"] = httpx2.Timeout(constants.HF_HUB_DOWNLOAD_TIMEOUT).as_dict()
        try:
            response = super().send(request, **options)
        except httpx2.TransportError as error:
            raise Again(faults.one_line(error)) from error
        if response.status_code in _TRANSIENT or (response.status_code == _EXPIRED and request.method == "PUT"):
            kind = Busy if response.status_code == 429 else Again  # noqa: PLR2004  # too many requests
            raise kind(f"it answers {response.status_code}", wait=hub_answers.wait(response))
        return response


def _client() -> httpx2.Client:
    try:
        timeout = httpx2.Timeout(_ANSWER, connect=_CONNECT, write=_WRITE)
        return _Client(headers=AGENT, follow_redirects=True, timeout=timeout)
    except (ValueError, ImportError) as error:
        remedy = "correct HTTPS_PROXY, HTTP_PROXY or ALL_PROXY"
        raise ConfigError(f"the proxy that the environment names cannot be used; {remedy}") from error
