"""Documents that are rows of parquet or JSON-lines files."""

import glob
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec

from magicoder_gen.errors import ConfigError
from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Block, Document, Origin, Skipped
from magicoder_gen.sample import languages
from magicoder_gen.sample.corpora import rows
from magicoder_gen.sample.corpora.files import MAX_BYTES
from magicoder_gen.sample.texts import content_id


class Tables(Block, frozen=True):
    """One document per row of `paths`, which may hold globs: .parquet, .jsonl or .json lines, also .gz or .zst.

    `text` names the column of source code. All rows are in `language`, or each in what `language_column`
    says. `repo`, `path` and `license` name the columns that say where a row comes from; null = not said.
    A JSON line of more than `max_bytes`, or a text of more characters, is skipped.
    """

    paths: Annotated[tuple[Path, ...], msgspec.Meta(min_length=1)]
    text: str = "content"
    language: str | None = None
    language_column: str | None = None
    repo: str | None = None
    path: str | None = None
    license: str | None = None
    max_bytes: Annotated[int, msgspec.Meta(ge=1)] = MAX_BYTES

    def __post_init__(self) -> None:
        if (self.language is None) == (self.language_column is None):
            raise ValueError("tables need either language or language_column")

    def documents(self) -> Iterator[Document | Skipped]:
        """Yield the rows of each file in order, the files sorted within each glob; no more than a batch in memory."""
        named = (self.text, self.language_column, self.repo, self.path, self.license)
        columns = list(dict.fromkeys(name for name in named if name is not None))
        for file in self._files():
            for row in rows.read(file, columns, max_bytes=self.max_bytes):
                yield self._document(row, file)

    def identity(self) -> str:
        """Return a digest of the files' names, sizes and times; raise ConfigError if there is none."""
        stats = [(file.name, file.stat()) for file in self._files()]
        return digest([(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats])

    def title(self) -> str:
        """Return what a message calls this corpus."""
        return f"tables {' '.join(map(str, self.paths))} ({self.language or self.language_column})"

    def _files(self) -> list[Path]:
        languages.check([self.language] if self.language else [], key="sample.corpora: language")
        return list(dict.fromkeys(file for pattern in self.paths for file in _matching(pattern.expanduser())))

    def _document(self, row: rows.Row | rows.BadRow, file: Path) -> Document | Skipped:
        if isinstance(row, rows.BadRow):
            return Skipped(row.reason, Origin(_corpus(file)))
        origin = Origin(
            _corpus(file),
            repo=_word(row, self.repo),
            path=_word(row, self.path),
            license=_word(row, self.license),
        )
        language = self.language or languages.canonical(_word(row, self.language_column) or "")
        if not language:
            return Skipped("no_language", origin)
        text, reason = self._text(row)
        return Skipped(reason, origin) if reason else Document(content_id(text), text, language, origin)

    def _text(self, row: rows.Row) -> tuple[str, str | None]:
        """Return the source code and None, or anything and why there is none."""
        text = row.get(self.text, 0)
        if isinstance(text, bytes):
            try:
                text = text.decode()
            except UnicodeDecodeError:
                return "", "encoding"
        if text is None:
            return "", "empty"
        if not isinstance(text, str):
            return "", "bad_row"
        return text, "too_large" if len(text) > self.max_bytes else None


def _matching(pattern: Path) -> list[Path]:
    """Return the files that `pattern` names, sorted; raise ConfigError if none, or one of another kind."""
    found = [pattern] if pattern.exists() else sorted(map(Path, glob.glob(str(pattern), recursive=True)))  # noqa: PTH207  # pathlib has no glob for absolute patterns
    if not found:
        raise ConfigError(f"sample.corpora: no file matches {pattern}; correct paths")
    for file in found:
        if not file.is_file() or not file.name.endswith(rows.SUFFIXES):
            known = ", ".join(rows.SUFFIXES)
            raise ConfigError(f"sample.corpora: {file} is no table; name files that end in {known}")
    return found


def _corpus(file: Path) -> str:
    return f"tables:{file.name}"


def _word(row: rows.Row, column: str | None) -> str | None:
    """Return the row's value of `column` as text; a list, as licences come, joined by commas."""
    value: Any = None if column is None else row.get(column)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
