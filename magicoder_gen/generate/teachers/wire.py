"""The chat protocol as servers really speak it: bodies to answers, errors to what must be done about them.

Pure functions. A `Retry` is tried again, a `Refusal` never; errors that end the run are raised from `errors`.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Never

import msgspec

from magicoder_gen.errors import ConfigError, NotAuthorised, TryLater, UnknownModel
from magicoder_gen.records import Usage

MAX_WAIT = 600.0  # seconds; a longer Retry-After is cut, so that a limit or a signal is noticed


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


class _Message(msgspec.Struct, frozen=True):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: Any = None


class _Choice(msgspec.Struct, frozen=True):
    message: _Message = _Message()
    finish_reason: str | None = None


class _Usage(msgspec.Struct, frozen=True):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Completion(msgspec.Struct, frozen=True):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    model: str | None = None
    system_fingerprint: str | None = None
    error: Any = None


def read_answer(body: bytes, *, where: str) -> Answer:
    """Return the first choice of a 200 answer; raise Retry or what `judge_status` raises."""
    completion = _decoded(body)
    if completion.error:
        _judge_error(completion.error, where)
    if not completion.choices:
        raise Retry("no_choices", "the answer has no choices")
    choice = completion.choices[0]
    message = choice.message
    usage = completion.usage
    return Answer(
        text=message.content if message.content is not None else message.refusal,
        reasoning=message.reasoning_content or message.reasoning,
        finish_reason="tool_calls" if message.tool_calls and not message.content else choice.finish_reason,
        usage=Usage(usage.prompt_tokens, usage.completion_tokens) if usage else None,
        model=completion.model,
        system_fingerprint=completion.system_fingerprint,
    )


def judge_status(status: int, body: str, headers: Mapping[str, str], *, where: str) -> Never:
    """Raise what an HTTP status other than 2xx means; `where` names model and URL."""
    error = _error_in(body)
    code, message = str(error.get("code") or error.get("type") or ""), _excerpt(error.get("message") or body)
    wait = retry_after(headers)
    if code in {"insufficient_quota", "billing_hard_limit_reached"} or status == 402:  # noqa: PLR2004
        raise TryLater(f"{where}: quota exhausted: {message}; top up and run the same command again")
    if status in {401, 403}:
        raise NotAuthorised(f"{where}: HTTP {status}: {message}; check the key that api_key_env names")
    if status == 404:  # noqa: PLR2004
        raise UnknownModel(f"{where}: HTTP 404: {message}; check generate.teacher.model and base_url")
    if status == 429:  # noqa: PLR2004
        raise Retry("rate_limit", f"HTTP 429: {message}", wait=wait, costs=False)
    if status in {408, 409, 425} or status >= 500:  # noqa: PLR2004
        raise Retry(f"http_{status}", f"HTTP {status}: {message}", wait=wait)
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
    except (ValueError, TypeError):
        return None
    return None


def _within(seconds: float) -> float:
    return min(max(seconds, 0.0), MAX_WAIT)


def _decoded(body: bytes) -> _Completion:
    try:
        return msgspec.json.decode(body, type=_Completion)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _leniently_decoded(body)


def _leniently_decoded(body: bytes) -> _Completion:
    """Decode JSON that only the standard library takes (half surrogate pairs, NaN); raise Retry for the rest."""
    try:
        tree = json.loads(body.decode("utf-8", "replace"))
        text = json.dumps(tree, ensure_ascii=False).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        return msgspec.convert(json.loads(text), _Completion)
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        excerpt = _excerpt(body[:1000].decode("utf-8", "replace"))
        raise Retry("bad_body", f"not a chat completion: {excerpt}") from error


def _judge_error(error: Any, where: str) -> Never:
    """Raise what an error object inside a 200 answer means."""
    code = str(error.get("code")) if isinstance(error, dict) else ""
    status = int(code) if code.isdigit() else 500
    judge_status(status, json.dumps({"error": error}), {}, where=where)


def _error_in(body: str) -> dict[str, Any]:
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    error = tree.get("error", tree) if isinstance(tree, dict) else {}
    return error if isinstance(error, dict) else {"message": str(error)}


def _excerpt(text: str) -> str:
    """Return the first 200 characters on one line, without control characters."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", str(text)).strip()[:200]


def read_model_names(body: bytes) -> list[str]:
    """Return the ids of a /models answer; empty if it is something else."""
    try:
        listed = json.loads(body)["data"]
        return [str(model["id"]) for model in listed]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
