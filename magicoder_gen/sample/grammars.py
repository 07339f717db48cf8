"""Tree-sitter grammars by our language names: which wheel parses a language, and which of its nodes hold statements.

The wheels are those of the extra `code`; they are imported when a language is first parsed, and bring their parse
tables with them: nothing is fetched. A language that is not in `GRAMMARS` has none.
"""

import re
from functools import cache
from importlib import import_module
from itertools import count
from typing import TYPE_CHECKING

from magicoder_gen.errors import ConfigError
from magicoder_gen.records import Record

if TYPE_CHECKING:
    from tree_sitter import Parser, Tree

# What is larger is data or generated; recovery from errors takes up to 3 s for this much.
MAX_BYTES = 256_000
# Hundreds of the parser's steps; 99 % of real files need less than 15 per 1000 bytes. Text that is ambiguous all over,
# such as `a<b<c<` in Java and C#, needs more than 30, and memory that grows with the square of its length: 200 MB for
# 8 kB.
_STEPS = 100
_STEPS_PER_KB = 20


# Time and memory that grow with the square of their number: 20 000 take 5 s and 450 MB.
_MANY_CONTINUATIONS = re.compile(rb"(?:\\[ \t]*\n[ \t]*){1000}")


class Grammar(Record, frozen=True, kw_only=True):
    """A language's wheel and its dialects in the order tried, with the node names that spans are cut by.

    Each named child of a node in `bodies` is a whole statement or declaration, except those in `fragments`, which
    mean nothing without their neighbours.
    """

    wheel: str
    dialects: tuple[str, ...] = ("language",)
    bodies: frozenset[str]
    fragments: frozenset[str] = frozenset()


_CPP = Grammar(
    wheel="cpp",
    bodies=frozenset({
        "translation_unit", "declaration_list", "field_declaration_list", "compound_statement", "case_statement",
        "preproc_if", "preproc_ifdef", "preproc_else", "preproc_elif", "preproc_elifdef",
    }),
    fragments=frozenset({"case_statement", "access_specifier", "preproc_else", "preproc_elif", "preproc_elifdef"}),
)  # fmt: skip
_SCRIPT_BODIES = frozenset({"program", "statement_block", "class_body", "switch_case", "switch_default"})

GRAMMARS = {
    "python": Grammar(wheel="python", bodies=frozenset({"module", "block"}), fragments=frozenset({"case_clause"})),
    "cpp": _CPP,
    "c": _CPP,
    "java": Grammar(
        wheel="java",
        bodies=frozenset({
            "program", "class_body", "interface_body", "annotation_type_body", "enum_body_declarations", "block",
            "constructor_body", "switch_block_statement_group",
        }),
    ),
    # `<T>x` is a cast in one dialect and an element in the other.
    "typescript": Grammar(
        wheel="typescript", dialects=("language_typescript", "language_tsx"), bodies=_SCRIPT_BODIES
    ),
    "javascript": Grammar(wheel="typescript", dialects=("language_tsx",), bodies=_SCRIPT_BODIES),
    "shell": Grammar(
        wheel="bash",
        bodies=frozenset({
            "program", "compound_statement", "do_group", "if_statement", "elif_clause", "else_clause", "case_item",
            "subshell",
        }),
        fragments=frozenset({"elif_clause", "else_clause"}),
    ),
    "csharp": Grammar(
        wheel="c_sharp",
        bodies=frozenset({
            "compilation_unit", "declaration_list", "block", "switch_section", "preproc_if", "preproc_elif",
            "preproc_else",
        }),
        fragments=frozenset({"preproc_elif", "preproc_else", "preproc_region", "preproc_endregion"}),
    ),
    "rust": Grammar(wheel="rust", bodies=frozenset({"source_file", "declaration_list", "block"})),
    # Text outside `<?php … ?>` is HTML in one dialect; the other, for snippets, takes PHP from the first character.
    "php": Grammar(
        wheel="php",
        dialects=("language_php", "language_php_only"),
        bodies=frozenset({
            "program", "compound_statement", "declaration_list", "enum_declaration_list", "case_statement",
            "default_statement", "colon_block",
        }),
        fragments=frozenset({"php_tag", "php_end_tag", "text", "text_interpolation"}),
    ),
    "swift": Grammar(
        wheel="swift",
        bodies=frozenset({"source_file", "class_body", "enum_class_body", "protocol_body", "statements"}),
        fragments=frozenset({"enum_entry", "directive"}),
    ),
}  # fmt: skip


def parse(content: bytes, language: str) -> "Tree | None":
    """Return the syntax tree of `content` (UTF-8, LF), None where the parser gives up; `language` is in `GRAMMARS`.

    Of several dialects, the first that has no error, or else the first. Not for several threads at once.
    Raises ConfigError where the language's wheel is not installed.
    """
    grammar = GRAMMARS[language]
    dialects = grammar.dialects
    if language == "php":
        dialects = dialects[:1] if b"<?" in content else dialects[1:]
    first = tree = _tree(_parser(grammar.wheel, dialects[0]), content)
    for dialect in dialects[1:]:
        if tree and not tree.root_node.has_error:
            return tree
        tree = _tree(_parser(grammar.wheel, dialect), content)
    return tree if tree and not tree.root_node.has_error else first


def _tree(parser: "Parser", content: bytes) -> "Tree | None":
    if _MANY_CONTINUATIONS.search(content):  # one token, in which the parser asks for no leave to go on
        return None
    steps = count()
    limit = _STEPS + _STEPS_PER_KB * len(content) // 1000
    try:
        return parser.parse(
            lambda offset, _point: content[offset:], progress_callback=lambda _offset, _error: next(steps) >= limit
        )
    except ValueError:  # how the binding says that the callback stopped it
        parser.reset()
        return None


@cache
def _parser(wheel: str, dialect: str) -> "Parser":
    try:
        from tree_sitter import Language, Parser

        tables = import_module(f"tree_sitter_{wheel}")
    except ModuleNotFoundError as error:
        missing = str(error.name).replace("_", "-")
        needed = "sample.strategy: spans and sample.quality: syntax need"
        raise ConfigError(f'{needed} {missing}; pip install "magicoder-gen[code]"') from error
    return Parser(Language(getattr(tables, dialect)()))
