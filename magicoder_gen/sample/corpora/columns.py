"""Which columns of a table hold the text, its language and its origin."""

from collections.abc import Mapping
from typing import Any

from magicoder_gen.records import Origin, Record
from magicoder_gen.sample import languages


class Columns(Record, frozen=True):
    """Names of columns; `language` alone is a language, that of all rows.

    A row's language is `language`, else what its `language_column` says, else what the extension in its `path` tells.
    """

    text: str = "content"
    language: str | None = None
    language_column: str | None = None
    repo: str | None = None
    path: str | None = None
    license: str | None = None
    revision: str | None = None
    swhid: str | None = None

    def names(self) -> list[str]:
        """Return the columns to read, each once, the text first."""
        named = (self.text, self.language_column, *self.of_origin().values())
        return list(dict.fromkeys(name for name in named if name is not None))

    def language_name(self) -> str | None:
        """Return the column that tells a row's language, None if all rows have the same."""
        return None if self.language else self.language_column or self.path

    def language_of(self, word: str | None) -> str | None:
        """Return the language of a row whose column `language_name()` says `word`, None if that tells none."""
        if self.language or word is None:
            return self.language
        return languages.canonical(word) or None if self.language_column else languages.of_file(word)

    def key_of(self, name: str) -> str:
        """Return the option that names the column `name`."""
        return next(key for key in self.__struct_fields__ if key != "language" and getattr(self, key) == name)

    def origin(self, corpus: str, row: Mapping[str, Any]) -> Origin:
        """Return where a row comes from; values it lacks are None."""
        said = {field: as_word(row.get(name)) for field, name in self.of_origin().items()}
        return Origin(corpus, **said)

    def of_origin(self) -> dict[str, str]:
        """Return the columns that say where a row comes from, by the field of its origin."""
        fields = ("repo", "path", "license", "revision", "swhid")
        return {field: name for field in fields if (name := getattr(self, field)) is not None}


def as_word(value: Any) -> str | None:
    """Return a value as text; a list, as licences come, joined by commas."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
