"""Snippets with too little code to be inspired by."""

import re
from typing import Annotated

import msgspec

from magicoder_gen.records import Block, Snippet
from magicoder_gen.sample import languages

_TOKEN = re.compile(r"\w+")


class MinCode(Block, frozen=True):
    """At least `tokens` different identifiers or numbers on lines that are neither blank nor only a comment.

    6 % of random Python snippets have fewer than three tokens: closing brackets, blank lines, licence headers.
    """

    tokens: Annotated[int, msgspec.Meta(ge=1)] = 3

    def reason(self, snippet: Snippet) -> str | None:
        """Return `too_little_code`, or None."""
        found: set[str] = set()
        for line in snippet.text.split("\n"):
            code = line.strip()
            if code and not languages.is_comment(code, snippet.language):
                found.update(_TOKEN.findall(code))
                if len(found) >= self.tokens:
                    return None
        return "too_little_code"
