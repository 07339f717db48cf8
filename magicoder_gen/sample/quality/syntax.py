"""What does not parse (`Syntax`)."""

import textwrap
from typing import Literal

from magicoder_gen.records import Block
from magicoder_gen.sample import grammars
from magicoder_gen.sample.protocols import Snippet

# Macros hide the syntax from a parser that has no preprocessor: 55 % of C and 72 % of C++ files of a Linux system.
_UNJUDGED_FILES = frozenset({"c", "cpp"})

_CLASS = (b"class A {\n", b"\n}")
_CPP = ((b"void a() {\n", b"\n}"), (b"class A {\n", b"\n};"))
# Where else a snippet may stand, if it does not parse as a file of its own.
_SURROUNDINGS = {
    "c": _CPP,
    "cpp": _CPP,
    "java": (_CLASS, (b"class A { A() {\n", b"\n} }")),
    "csharp": (_CLASS,),
    "typescript": (_CLASS,),
    "javascript": (_CLASS,),
    "php": (_CLASS, (b"<?php\n", b"")),
    "swift": ((b"func a() {\n", b"\n}"), _CLASS, (b"protocol A {\n", b"\n}")),
    "rust": ((b"fn a() {\n", b"\n}"),),
}


class Syntax(Block, frozen=True):
    """No syntax error, as far as the language's tree-sitter grammar can tell; needs the extra `code`.

    `of: file` judges the document that the snippet is from; not in C and C++, whose macros a grammar cannot read,
    nor over 256 kB. `of: snippet` judges the snippet alone, in all languages that have a grammar, as a file, in a
    function or in a class. The grammars are lenient: Python 2 and wrong indentation pass.
    """

    of: Literal["file", "snippet"] = "file"

    def reason(self, snippet: Snippet) -> str | None:
        """Return `syntax_error`, or None; None too where there is no grammar. Raises ConfigError without its wheel."""
        judge = _file_parses if self.of == "file" else _snippet_parses
        return None if snippet.language not in grammars.GRAMMARS or judge(snippet) else "syntax_error"


def _file_parses(snippet: Snippet) -> bool:
    if snippet.language in _UNJUDGED_FILES:
        return True
    content = snippet.source.encode()
    return len(content) > grammars.MAX_BYTES or _parses(content, snippet.language)


def _snippet_parses(snippet: Snippet) -> bool:
    text = textwrap.dedent(snippet.text).strip("\n").encode()
    if _parses(text, snippet.language):
        return True
    surroundings = _SURROUNDINGS.get(snippet.language, ())
    return any(_parses_within(text, snippet.language, before, behind) for before, behind in surroundings)


def _parses(content: bytes, language: str) -> bool:
    tree = grammars.parse(content, language)
    return tree is not None and not tree.root_node.has_error


def _parses_within(text: bytes, language: str, before: bytes, behind: bytes) -> bool:
    """Whether all parses and `text` stays inside the bracket that `before` opens; `} void b() {` does not."""
    tree = grammars.parse(before + text + behind, language)
    if tree is None or tree.root_node.has_error:
        return False
    holder = tree.root_node.descendant_for_byte_range(len(before), len(before) + len(text))
    return holder is not None and holder.start_byte >= before.rfind(b"{")
