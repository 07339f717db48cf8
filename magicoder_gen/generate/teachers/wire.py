"""The chat protocol as servers really speak it: bodies to answers, errors to what must be done about them.

Pure functions. A `Retry` is tried again, a `Refusal` never; errors that end the run are raised from `errors`.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Never

import msgspec

from magicoder_gen.errors import ConfigError, NotAuthorised, TryLater, UnknownModel
from magicoder_gen.generate.teachers import bodies, events
from magicoder_gen.records import Usage

_MANY = 2**53  # more tokens than any request has, and all that JSON numbers hold
MAX_WAIT = 600.0  # seconds; a longer Retry-After is cut, so that a limit or a signal is noticed


_BEHIND_A_GATEWAY = frozenset({408, 502, 504, 520, 522, 524})
"""Statuses by which a gateway says that the server behind it took too long or broke off: it may have worked."""

_STATUS_OF = {"invalid_api_key": 401, "model_not_found": 404, "rate_limit_exceeded": 429}
"""What these codes mean, whatever status they come with."""

_OUT_OF_QUOTA = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
_FILTERED = {"content_filter", "content_policy_violation"}


class Retry(Exception):  # an instruction, not an error
    """Try again. `wait` is in seconds, None for back-off; `costs` whether it uses up one of the attempts.

    `paid` is whether the request may have been paid, `turned_away` whether the server had too much to do.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        wait: float | None = None,
        costs: bool = True,
        paid: bool = False,
        turned_away: bool = False,
        headers: Mapping[str, str] = {},
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.wait = wait
        self.costs = costs
        self.paid = paid
        self.turned_away = turned_away
        self.headers = headers


class Refusal(Exception):  # an instruction, not an error
    """This prompt will never get an answer; go on with the others. `paid` is as in `Retry`."""

    def __init__(self, kind: str, message: str, *, paid: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.paid = paid

    @property
    def of_the_prompt(self) -> bool:
        """Whether it says nothing of other prompts."""
        return self.kind in {"context_length", "content_filter", "too_large"}


class Answer(msgspec.Struct, frozen=True):
    """What a completion says; every part may be missing."""

    text: str | None
    reasoning: str | None
    finish_reason: str | None
    usage: Usage | None
    model: str | None
    system_fingerprint: str | None


def read(body: bytes, headers: Mapping[str, str], *, where: str) -> Answer:
    """Return the answer in a body, streamed or not; raise Retry or what `judge_status` raises."""
    if headers.get("content-type", "").lower().startswith("text/event-stream") or body.startswith((b"data:", b":")):
        return read_stream(body, where=where)
    return read_answer(body, where=where)


def without_key(answer: Answer, hidden: Callable[[str], str]) -> Answer:
    """Return an answer in which the server says no key of itself; its text is data, and stays as it is."""
    said = {name: getattr(answer, name) for name in ("model", "system_fingerprint", "finish_reason")}
    return msgspec.structs.replace(answer, **{name: hidden(value) for name, value in said.items() if value})


def read_stream(body: bytes, *, where: str) -> Answer:
    """Return the answer that a whole stream of server-sent events makes; one that breaks off is tried again."""
    pieces: list[dict[str, Any]] = []
    ended = False
    for event in events.of(body):
        ended = ended or event == b"[DONE]"
        piece = None if ended else bodies.decoded(event)
        if isinstance(piece, dict):
            try:
                _refuse_error(piece, where)
            except Retry as problem:
                problem.paid = bool(pieces)
                raise
            pieces.append(piece)
    return _assembled(pieces, ended=ended)


def _assembled(pieces: list[dict[str, Any]], *, ended: bool) -> Answer:
    """Join the first choice's pieces; the last value of everything else counts."""
    whole: dict[str, Any] = {}
    choice: dict[str, Any] = {}
    parts: dict[str, list[str]] = {}
    calls_tool = False
    for piece in pieces:
        whole |= {key: value for key, value in piece.items() if value is not None}
        first = _first_choice(piece)
        choice |= {key: value for key, value in first.items() if value is not None}
        delta = first.get("delta")
        delta = delta if isinstance(delta, dict) else {}
        calls_tool = calls_tool or bool(delta.get("tool_calls"))
        for key in ("content", "reasoning_content", "reasoning", "refusal"):
            if text := _content(delta.get(key)):
                parts.setdefault(key, []).append(text)
    if not ended and not choice.get("finish_reason"):
        raise Retry("bad_body", "the stream broke off", paid=True)
    if not pieces:
        raise Retry("no_choices", "the stream has no answer", paid=True)
    message = {key: "".join(texts) for key, texts in parts.items()} | {"tool_calls": calls_tool}
    return _answer(whole, choice, message)


def _first_choice(piece: dict[str, Any]) -> dict[str, Any]:
    choices = piece.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def read_answer(body: bytes, *, where: str) -> Answer:
    """Return the first choice of a 200 answer; raise Retry or what `judge_status` raises.

    Only what cannot be an answer is refused: the rest is paid for, so an odd optional field becomes None.
    """
    completion = bodies.decoded(body)
    if not isinstance(completion, dict):
        said = body[:1000].decode("utf-8", "replace")
        kind, what = (
            ("html", "a web page, not an answer") if bodies.is_html(said) else ("bad_body", "not a chat completion")
        )
        raise Retry(kind, f"{what}: {bodies.excerpt(said)}", paid=kind == "bad_body")
    _refuse_error(completion, where)
    choice = _first_choice(completion)
    if not choice:
        raise Retry("no_choices", "the answer has no choices", paid=True)
    message = choice.get("message")
    return _answer(completion, choice, message if isinstance(message, dict) else {})


def _refuse_error(completion: dict[str, Any], where: str) -> None:
    """Raise what an error means that stands in the place of an answer, or beside its first choice."""
    error = completion.get("error") or _first_choice(completion).get("error")
    if error:
        _judge_error(error, where)


def _answer(completion: dict[str, Any], choice: dict[str, Any], message: dict[str, Any]) -> Answer:
    text = _content(message.get("content"))
    reasoning = _content(message.get("reasoning_content")) or _content(message.get("reasoning"))
    finish_reason = _text(choice.get("finish_reason"))
    if message.get("tool_calls") and not text:
        finish_reason = "tool_calls"
    if text is not None and not reasoning:
        thoughts, text = _split_thoughts(text)
        reasoning = reasoning if thoughts is None else thoughts
        if text is None:
            finish_reason = "length"  # whatever the server says: the answer never began
    return Answer(
        text=text if text is not None or reasoning is not None else _text(message.get("refusal")),
        reasoning=reasoning,
        finish_reason=finish_reason,
        usage=_usage(completion.get("usage")),
        model=_text(completion.get("model")),
        system_fingerprint=_text(completion.get("system_fingerprint")),
    )


def _split_thoughts(text: str) -> tuple[str | None, str | None]:
    """Return thoughts and answer of a text that begins with `<think>`; no answer if that is never closed.

    Templates that write the opening mark themselves leave only the closing one, on a line of its own.
    """
    if "think>" not in text:
        return None, text
    opened = re.match(r"\s*<think>", text)
    closed = re.search(r"</think>" if opened else r"(?m)^</think>\s*$", text)
    if not opened and not closed:
        return None, text
    thoughts = text[opened.end() if opened else 0 : closed.start() if closed else None].strip()
    return thoughts, text[closed.end() :].lstrip() if closed else None


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
    asked, answered = (count if type(count) is int and 0 <= count < _MANY else None for count in counts)
    return None if asked is None or answered is None else Usage(asked, answered)


def judge_status(status: int, body: str, headers: Mapping[str, str], *, where: str) -> Never:
    """Raise what an HTTP status other than 2xx means; `where` names model and URL."""
    error = _error_in(body)
    codes = {str(error.get(key)) for key in ("code", "type", "status") if error.get(key)}
    message = bodies.excerpt(error.get("message") or body)
    wait = retry_after(headers)
    status = next((_STATUS_OF[code] for code in codes if code in _STATUS_OF), status)
    if status == 402 or codes & _OUT_OF_QUOTA:  # noqa: PLR2004
        raise TryLater(f"{where}: quota exhausted: {message}; top up and run the same command again")
    if codes & _FILTERED or "flagged_input" in body:
        raise Refusal("content_filter", f"HTTP {status}: {message}")
    if status in {401, 403}:
        raise NotAuthorised(f"{where}: HTTP {status}: {message}; check the key that api_key_env names")
    if status == 404:  # noqa: PLR2004
        raise UnknownModel(f"{where}: HTTP 404: {message}; check generate.teacher.model and base_url (most end in /v1)")
    if status == 429:  # noqa: PLR2004
        raise Retry("rate_limit", f"HTTP 429: {message}", wait=wait, costs=False, turned_away=True, headers=headers)
    if status in {408, 409, 425} or status >= 500:  # noqa: PLR2004
        kind = "html" if bodies.is_html(body) else f"http_{status}"
        overloaded = status in {503, 529}
        paid = status in _BEHIND_A_GATEWAY
        raise Retry(kind, f"HTTP {status}: {message}", wait=wait, paid=paid, turned_away=overloaded, headers=headers)
    if status == 407:  # noqa: PLR2004
        raise ConfigError(f"{where}: HTTP 407: the proxy wants credentials; see HTTPS_PROXY and NO_PROXY")
    if 300 <= status < 400:  # noqa: PLR2004
        raise ConfigError(f"{where}: redirects elsewhere, and the key does not follow; set base_url to the goal")
    if re.search(r"context[ _](length|size|window)", f"{' '.join(codes)} {message}", re.IGNORECASE):
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


def _judge_error(error: Any, where: str) -> Never:
    """Raise what an error object inside a 200 answer means."""
    code = str(error.get("code") or error.get("status")) if isinstance(error, dict) else ""
    status = int(code) if re.fullmatch("[1-5][0-9][0-9]", code) else 500
    judge_status(status, json.dumps({"error": error}), {}, where=where)


def _error_in(body: str) -> dict[str, Any]:
    tree = bodies.decoded(body.encode("utf-8", "replace"))
    tree = tree[0] if isinstance(tree, list) and tree else tree
    error = tree.get("error", tree) if isinstance(tree, dict) else {}
    return error if isinstance(error, dict) else {"message": str(error)}


def read_model_names(body: bytes) -> list[str]:
    """Return the ids of a /models answer; empty if it is something else."""
    listed = bodies.decoded(body)
    models = listed.get("data") if isinstance(listed, dict) else None
    named = [model.get("id") for model in models if isinstance(model, dict)] if isinstance(models, list) else []
    return [name for name in named if isinstance(name, str)]
