"""What servers send, as JSON or as a line of text."""

import json
import re
from typing import Any

import msgspec


def decoded(body: bytes) -> Any:
    """Decode JSON as servers write it: half surrogate pairs become U+FFFD, and what is no JSON becomes None."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        tree = json.loads(body.decode("utf-8", "replace"), parse_int=lambda digits: int(digits[:400]))  # no more count
        whole = json.dumps(tree, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return json.loads(whole)
    except (ValueError, RecursionError):
        return None


def excerpt(text: str) -> str:
    """Return the first 200 characters on one line, without control characters and half characters."""
    text = str(text)[:1000].encode("utf-8", "replace").decode()
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()[:200]


def is_html(text: str) -> bool:
    """Whether it is a web page."""
    return re.match(r"\s*<(!doctype html|html|head|body|\?xml)", text, re.IGNORECASE) is not None
