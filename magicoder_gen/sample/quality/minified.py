"""Documents packed for machines, and snippets that are data rather than code."""

import re
from typing import Annotated

import msgspec

from magicoder_gen.records import Block, Positive
from magicoder_gen.sample.protocols import Snippet

_VALUE = re.compile(
    r"(?<![\w.])(?:0[xX][0-9a-fA-F]+|\.?\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?)[uUlLfF]{0,3}(?![\w.])"
    r"|\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[0-7]{3})"
    r"|[\w+/=-]{60,}",
    re.ASCII,
)
_WORD = re.compile(r"[^\W_]+")
_BLOB = 60  # characters
_FEW = 4  # values that any code has; digits that tell a base64 word (9 expected in 60 characters) from a long name
_ASCII_WORD = bytes(byte for byte in range(256) if byte > 127 or chr(byte).isalnum())  # noqa: PLR2004  # ASCII ends


class Minified(Block, frozen=True):
    """Lines that a person can read, and code rather than data.

    Reason `minified`: a line of the document is over `max_line` characters, or their mean over `mean_line`.
    Reason `data`: of the snippet's letters and digits, more than the share `data` stands in numbers, escape sequences
    and words of at least 60 characters (base64, hex), at least four of the first or one of the last; or the share of
    letters and digits in the document is under `alphanumeric`. Source of 1000, 100 and 0.25: the basic filter of
    The Stack and StarCoder; `data` is ours. Dropped where measured: 0.4 % of snippets of installed
    packages as minified, 0.5 % as data.
    """

    max_line: Positive = 1000
    mean_line: Annotated[float, msgspec.Meta(gt=0)] = 100.0
    alphanumeric: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.25
    data: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.6

    def reason(self, snippet: Snippet) -> str | None:
        """Return `minified` or `data`, or None."""
        source = snippet.source
        lines = source.removesuffix("\n").split("\n")
        if len(source) > self.mean_line * len(lines) or max(map(len, lines)) > self.max_line:
            return "minified"
        content = source.encode(errors="replace")
        symbols = len(content.translate(None, delete=_ASCII_WORD))
        if len(content) - symbols < self.alphanumeric * len(content):
            return "data"
        return "data" if _share_of_values(snippet.text) > self.data else None


def _share_of_values(text: str) -> float:
    """Return the share of letters and digits that stand in values; 0 if there are too few values to call it data."""
    if sum(map(text.count, "0123456789")) < _FEW:
        return 0.0
    values = _VALUE.findall(text)
    blobs = sum(1 for value in values if len(value) >= _BLOB and sum(map(str.isdigit, value)) >= _FEW)
    if blobs == 0 and len(values) < _FEW:
        return 0.0
    return sum(map(_size, values)) / max(1, _size(text))


def _size(text: str) -> int:
    return sum(map(len, _WORD.findall(text)))
