"""The lines of batch files: one request each, or what came of one. Pure functions.

As OpenAI writes them, https://platform.openai.com/docs/guides/batch; `vllm run-batch` reads and writes the same with
small differences: `error` may hold the whole error body, and `response.body` be null.
"""

import json
import re
from typing import Any, Final

import msgspec

from magicoder_gen.generate.teachers import channel, wire
from magicoder_gen.generate.teachers.wire import Answer, Retry
from magicoder_gen.records import Prompt

URL: Final = "/v1/chat/completions"

_UNSENT = frozenset({"batch_expired", "batch_cancelled"})
"""What lines say of requests that were never worked on, and so cost nothing."""


class Line(msgspec.Struct, frozen=True):
    """What came of one request; `custom_id` is its prompt."""

    custom_id: str
    response: Any = None
    error: Any = None


_decoder = msgspec.json.Decoder(Line)


def request(prompt: Prompt) -> bytes:
    """Return the line that asks a prompt."""
    body = channel.request(prompt, model=None, stream=False)
    line = {"custom_id": prompt.id, "method": "POST", "url": URL, "body": body}
    return msgspec.json.encode(line) + b"\n"


def parsed(line: bytes) -> Line | None:
    """Return what a line says, None if it is torn or something else."""
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    try:  # half surrogate pairs and other oddities that servers write
        return msgspec.convert(json.loads(line.decode("utf-8", "replace")), Line)
    except (ValueError, RecursionError, msgspec.ValidationError):
        return None


def answer(line: Line, *, where: str) -> Answer:
    """Return the answer in a line; raise what `wire.judge_status` raises for an error in its place."""
    response = line.response if isinstance(line.response, dict) else {}
    body, status = response.get("body"), response.get("status_code")
    error = line.error.get("error", line.error) if isinstance(line.error, dict) else line.error
    code = error.get("code") if isinstance(error, dict) else None
    if code in _UNSENT:
        raise Retry(code, "the batch ended before this request was sent")
    if error or (isinstance(status, int) and status != 200):  # noqa: PLR2004
        said = body or {"error": error or "no message"}
        wire.judge_status(_status(status, code), json.dumps(said), {}, where=where)
    return wire.read_answer(json.dumps(body).encode(), where=where)


def _status(*said: Any) -> int:
    """Return the first of `said` that is a status; 500 if none is."""
    return next((int(value) for value in said if re.fullmatch("[3-5][0-9][0-9]", str(value))), 500)
