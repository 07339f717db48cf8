"""Which columns of a table hold the text, its language and its origin."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from magicoder_gen import languages
from magicoder_gen.records import Block, Origin

# The column that says it, by the field of an origin; of all corpora that are tables.
_OF_ORIGIN = {
    "repo": "repo",
    "path": "path",
    "license": "license",
    "revision": "revision_column",
    "swhid": "swhid",
}


_SHOWN = 40  # characters of a value


class Language(NamedTuple):
    """A row's language, or None and the reason why the row cannot be used."""

    name: str | None
    reason: str = "no_language"


class Columns(Block, frozen=True):
    """Names of columns; `language` alone is a language, that of all rows.

    A row's language is `language`, else what its `language_column` says, else what the extension in its `path` tells.
    A corpus of tables is a struct that has these options among its own.
    """

    text: str = "content"
    language: str | None = None
    language_column: str | None = None
    repo: str | None = None
    path: str | None = None
    license: str | None = None
    revision_column: str | None = None
    swhid: str | None = None

    def __post_init__(self) -> None:
        if self.language and self.language_column:
            raise ValueError("give either language, that of all rows, or language_column, not both")
        if not (self.language or self.language_column or self.path):
            raise ValueError(
                "give either language or language_column, or path, whose extension then tells the language"
            )
        languages.check([self.language] if self.language else [], key="language")

    def columns(self) -> "Columns":
        """Return these options without those of a corpus."""
        return msgspec.convert(self, Columns, from_attributes=True)

    def names(self) -> list[str]:
        """Return the columns to read, each once, the text first."""
        named = (self.text, self.language_column, *self.of_origin().values())
        return list(dict.fromkeys(name for name in named if name is not None))

    def language_name(self) -> str | None:
        """Return the column that tells a row's language, None if all rows have the same."""
        return None if self.language else self.language_column or self.path

    def language_of(self, word: str | None) -> Language:
        """Return the language of a row whose column `language_name()` says `word`."""
        if self.language:
            return Language(self.language)
        if word is None or word.isspace() or not word:
            return Language(None)
        if not self.language_column:
            return Language(languages.of_file(word))
        named = languages.canonical(word)
        return Language(named) if named in languages.EXTENSIONS else Language(None, "unknown_language")

    def unknown(self, word: str) -> str:
        """Return what the log says where `language_column` names, by `word`, a language that we do not know."""
        return (
            f"sample.corpora: language_column {self.language_column!r} says {word[:_SHOWN]!r}, which is not a language "
            f"we know; rows of such are left out; we know {languages.known()}"
        )

    def key_of(self, name: str) -> str:
        """Return the option that names the column `name`."""
        keys = ("text", "language_column", *_OF_ORIGIN.values())
        return next(key for key in keys if getattr(self, key) == name)

    def origin(self, corpus: str, row: Mapping[str, Any]) -> Origin:
        """Return where a row comes from; values it lacks are None."""
        said = {field: as_word(row.get(name)) for field, name in self.of_origin().items()}
        return Origin(corpus, **said)

    def of_origin(self) -> dict[str, str]:
        """Return the columns that say where a row comes from, by the field of its origin."""
        return {field: name for field, key in _OF_ORIGIN.items() if (name := getattr(self, key)) is not None}


def as_word(value: Any) -> str | None:
    """Return a value as text, None for blank text; a list, as licences come, joined by commas."""
    word = value
    if isinstance(value, bytes):
        word = value.decode("utf-8", "replace")
    elif isinstance(value, list):
        word = ", ".join(map(str, value))
    elif value is not None and not isinstance(value, str):
        word = str(value)
    return word if word and not word.isspace() else None
