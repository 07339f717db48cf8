"""The answers of the loopback teacher, made beforehand: whole, cut off, half, streamed, refused."""

import json
from typing import Any

DIGITS = 7  # of the row behind its tag
UNKNOWN = "0" * DIGITS
MODEL = "bench-model"


class Answers:
    """Answers as bytes, made once per set of modes; only the row and the limits' state are put in later."""

    def __init__(self) -> None:
        text = _text()
        self.stop = _split(_completion(text, "stop"))
        self.length = _split(_completion(text[: len(text) * 2 // 3], "length"))
        whole = _completion(text, "stop")
        self.truncated = _split(whole[: len(whole) // 2])
        self.streamed = _split(b"".join(_events(text, "stop")))
        self.streamed_length = _split(b"".join(_events(text[: len(text) * 2 // 3], "length")))
        self.too_many = error("Rate limit reached for requests", "rate_limit_exceeded")
        self.error = error("The server had an error while processing your request", "server_error")


def _text() -> str:
    """Return about 1.5 KB in the format that is asked for; the row comes where UNKNOWN stands."""
    problem = (
        f"Write a function `collect_{UNKNOWN}(records, limit)` that takes a list of pairs (name, amount) and returns "
        "a dictionary from each name to the sum of its amounts, leaving out names whose sum is below `limit`. Names "
        "are compared without regard to case and surrounding blanks; the name that comes first decides how it is "
        "written in the result. Amounts may be negative. An empty list gives an empty dictionary, and a name that is "
        'empty after its blanks are removed raises ValueError.\n\nExample: `[("Ann", 2), ("ann ", 3), ("Bob", 1)]` '
        'with limit 2 gives `{"Ann": 5}`. The list has up to 100 000 pairs, so one pass over it must do; the order of '
        "the result is that in which the names were first seen. Do not change the list that is given, keep no state "
        "between two calls, and use nothing but the standard library."
    )
    solution = (
        f"def collect_{UNKNOWN}(records, limit):\n"
        "    names = {}\n    sums = {}\n"
        "    for name, amount in records:\n"
        "        written = name.strip()\n"
        "        if not written:\n"
        '            raise ValueError("a name is empty")\n'
        "        key = written.casefold()\n"
        "        names.setdefault(key, written)\n"
        "        sums[key] = sums.get(key, 0) + amount\n"
        "    return {names[key]: total for key, total in sums.items() if total >= limit}\n\n\n"
        f'assert collect_{UNKNOWN}([("Ann", 2), ("ann ", 3), ("Bob", 1)], 2) == {{"Ann": 5}}\n'
        f"assert collect_{UNKNOWN}([], 0) == {{}}\n"
        f'assert collect_{UNKNOWN}([("Ann", -2), ("Bob", 4)], 0) == {{"Bob": 4}}\n'
    )
    return f"[Problem Description]\n{problem}\n\n[Solution]\n```python\n{solution}```\n"


def _completion(text: str, finish_reason: str) -> bytes:
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}
    return json.dumps({**_envelope("chat.completion"), "choices": [choice], "usage": _usage(text)}).encode()


def _envelope(kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{UNKNOWN}",
        "object": kind,
        "created": 1_761_234_567,
        "model": f"{MODEL}-2025",
        "system_fingerprint": "fp_bench",
    }


def _usage(text: str) -> dict[str, int]:
    return {"prompt_tokens": 420, "completion_tokens": len(text) // 4, "total_tokens": 420 + len(text) // 4}


def _events(text: str, finish_reason: str) -> list[bytes]:
    """Return the server-sent events of a streamed answer, a line each, the usage last."""
    pieces = [f"{line}\n" for line in text.removesuffix("\n").split("\n")]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}, *({"content": piece} for piece in pieces), {}]
    reasons = [None] * (len(deltas) - 1) + [finish_reason]
    envelope = _envelope("chat.completion.chunk")
    chunks = [
        {**envelope, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        for delta, reason in zip(deltas, reasons, strict=True)
    ]
    events = [json.dumps(chunk) for chunk in [*chunks, {**envelope, "choices": [], "usage": _usage(text)}]]
    return [f"data: {event}\n\n".encode() for event in [*events, "[DONE]"]]


def error(message: str, code: str) -> bytes:
    """Return the body of an error as OpenAI writes it."""
    return json.dumps({"error": {"message": message, "type": code, "param": None, "code": code}}).encode()


def _split(body: bytes) -> list[bytes]:
    """Return the body in pieces: the row joins them."""
    return body.split(UNKNOWN.encode())
