"""The chat protocol as servers really speak it: bodies to answers, errors to what must be done about them.

Pure functions. A `Retry` is tried again, a `Refusal` never; errors that end the run are raised from `errors`.
"""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Never

import msgspec

from magicoder_gen.errors import ConfigError, NotAuthorised, TryLater, UnknownModel
from magicoder_gen.records import Usage

_MANY = 2**53  # more tokens than any request has, and all that JSON numbers hold
MAX_WAIT = 600.0  # seconds; a longer Retry-After is cut, so that a limit or a signal is noticed


_STATUS_OF = {"invalid_api_key": 401, "model_not_found": 404, "rate_limit_exceeded": 429}
"""What these codes mean, whatever status they come with."""


class Retry(Exception):  # an instruction, not an error
    """Try again. `wait` is in seconds, None for back-off; `costs` whether it uses up one of the attempts."""

    def __init__(self, kind: str, message: str, *, wait: float | None = None, costs: bool = True) -> None:
        super().__init__(message)
        self.kind = kind
        self.wait = wait
        self.costs = costs


class Refusal(Exception):  # an instruction, not an error
    """This prompt will never get an answer; go on with the others."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Answer(msgspec.Struct, frozen=True):
    """What a completion says; every part may be missing."""

    text: str | None
    reasoning: str | None
    finish_reason: str | None
    usage: Usage | None
    model: str | None
    system_fingerprint: str | None


def read_answer(body: bytes, *, where: str) -> Answer:
    """Return the first choice of a 200 answer; raise Retry or what `judge_status` raises.

    Only what cannot be an answer is refused: the rest is paid for, so an odd optional field becomes None.
    """
    completion = _json(body)
    if not isinstance(completion, dict):
        raise Retry("bad_body", f"not a chat completion: {_excerpt(body[:1000].decode('utf-8', 'replace'))}")
    if completion.get("error"):
        _judge_error(completion["error"], where)
    choices = completion.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise Retry("no_choices", "the answer has no choices")
    message = choices[0].get("message")
    message = message if isinstance(message, dict) else {}
    text = _content(message.get("content"))
    calls_tool = message.get("tool_calls") and not text
    return Answer(
        text=text if text is not None else _text(message.get("refusal")),
        reasoning=_text(message.get("reasoning_content")) or _text(message.get("reasoning")),
        finish_reason="tool_calls" if calls_tool else _text(choices[0].get("finish_reason")),
        usage=_usage(completion.get("usage")),
        model=_text(completion.get("model")),
        system_fingerprint=_text(completion.get("system_fingerprint")),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _content(value: Any) -> str | None:
    """Return the content of a message; some servers send a list of parts."""
    if not isinstance(value, list):
        return _text(value)
    return "".join(_text(part.get("text")) or "" for part in value if isinstance(part, dict))


def _usage(value: Any) -> Usage | None:
    """Return the tokens billed, None unless both counts are whole numbers from 0."""
    if not isinstance(value, dict):
        return None
    counts = [value.get("prompt_tokens"), value.get("completion_tokens")]
    asked, answered = (count if isinstance(count, int) and 0 <= count < _MANY else None for count in counts)
    return None if asked is None or answered is None else Usage(asked, answered)


def judge_status(status: int, body: str, headers: Mapping[str, str], *, where: str) -> Never:
    """Raise what an HTTP status other than 2xx means; `where` names model and URL."""
    error = _error_in(body)
    code, message = str(error.get("code") or error.get("type") or ""), _excerpt(error.get("message") or body)
    wait = retry_after(headers)
    status = _STATUS_OF.get(code, status)
    if code in {"insufficient_quota", "billing_hard_limit_reached"} or status == 402:  # noqa: PLR2004
        raise TryLater(f"{where}: quota exhausted: {message}; top up and run the same command again")
    if status in {401, 403}:
        raise NotAuthorised(f"{where}: HTTP {status}: {message}; check the key that api_key_env names")
    if status == 404:  # noqa: PLR2004
        raise UnknownModel(f"{where}: HTTP 404: {message}; check generate.teacher.model and base_url (most end in /v1)")
    if status == 429:  # noqa: PLR2004
        raise Retry("rate_limit", f"HTTP 429: {message}", wait=wait, costs=False)
    if status in {408, 409, 425} or status >= 500:  # noqa: PLR2004
        raise Retry(f"http_{status}", f"HTTP {status}: {message}", wait=wait)
    if status == 407:  # noqa: PLR2004
        raise ConfigError(f"{where}: HTTP 407: the proxy wants credentials; see HTTPS_PROXY and NO_PROXY")
    if 300 <= status < 400:  # noqa: PLR2004
        raise ConfigError(f"{where}: redirects elsewhere, and the key does not follow; set base_url to the goal")
    if re.search(r"context[ _](length|size|window)", f"{code} {error.get('type')} {message}", re.IGNORECASE):
        raise Refusal("context_length", f"HTTP {status}: {message}")
    raise Refusal(f"http_{status}", f"HTTP {status}: {message}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds a server asks us to wait: retry-after-ms, or Retry-After in seconds or as a date."""
    milliseconds, value = headers.get("retry-after-ms"), headers.get("retry-after")
    try:
        if milliseconds:
            return _within(float(milliseconds) / 1000)
        if value and re.fullmatch(r"\s*\d+(\.\d*)?\s*", value):
            return _within(float(value))
        if value:
            return _within((parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
    return None


def _within(seconds: float) -> float | None:
    return min(max(seconds, 0.0), MAX_WAIT) if math.isfinite(seconds) else None


def _json(body: bytes) -> Any:
    """Decode JSON as servers write it: half surrogate pairs become U+FFFD, and what is no JSON becomes None."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        tree = json.loads(body.decode("utf-8", "replace"))
        whole = json.dumps(tree, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return json.loads(whole)
    except (ValueError, RecursionError):
        return None


def _judge_error(error: Any, where: str) -> Never:
    """Raise what an error object inside a 200 answer means."""
    code = str(error.get("code")) if isinstance(error, dict) else ""
    status = int(code) if re.fullmatch("[1-5][0-9][0-9]", code) else 500
    judge_status(status, json.dumps({"error": error}), {}, where=where)


def _error_in(body: str) -> dict[str, Any]:
    tree = _json(body.encode("utf-8", "replace"))
    tree = tree[0] if isinstance(tree, list) and tree else tree
    error = tree.get("error", tree) if isinstance(tree, dict) else {}
    return error if isinstance(error, dict) else {"message": str(error)}


def _excerpt(text: str) -> str:
    """Return the first 200 characters on one line, without control characters and half characters."""
    text = str(text)[:1000].encode("utf-8", "replace").decode()
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()[:200]


def read_model_names(body: bytes) -> list[str]:
    """Return the ids of a /models answer; empty if it is something else."""
    listed = _json(body)
    models = listed.get("data") if isinstance(listed, dict) else None
    named = [model.get("id") for model in models if isinstance(model, dict)] if isinstance(models, list) else []
    return [name for name in named if isinstance(name, str)]
