"""Source files of a folder on this machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec

from magicoder_gen.records import Block, Document, Origin, Skipped
from magicoder_gen.sample import languages
from magicoder_gen.sample.corpora import files, globs

_FOREIGN_FOLDERS = frozenset({"node_modules", "__pycache__"})


class Local(Block, frozen=True):
    """The source files below `path` in `languages` (null = all we know), by extension.

    `include` and `exclude` match the path relative to `path`, with `**` for any number of folders. Hidden
    folders, node_modules, __pycache__ and virtual environments are left out, symbolic links not followed.
    A file of more than `max_bytes` is skipped unread.
    """

    path: Path
    languages: tuple[str, ...] | None = None
    include: tuple[str, ...] = ("**/*",)
    exclude: tuple[str, ...] = ()
    max_bytes: Annotated[int, msgspec.Meta(ge=1)] = files.MAX_BYTES

    def documents(self) -> Iterator[Document | Skipped]:
        """Yield the files as documents, sorted by name within each folder; what cannot be read is a Skipped."""
        corpus = f"local:{self._root().resolve().name}"
        for file in self._files():
            yield files.read(file, Origin(corpus, path=file.relative), max_bytes=self.max_bytes)

    def identity(self) -> str:
        """Return a digest of the files' names, sizes and times; raise ConfigError if `path` is no folder."""
        return files.identity(self._files())

    def title(self) -> str:
        """Return what a message calls this corpus."""
        return f"local {self.path} ({', '.join(self.languages or ['any language'])})"

    def _files(self) -> Iterator[files.SourceFile]:
        languages.check(self.languages or (), key="sample.corpora: languages")
        wanted, unwanted = globs.compiled(self.include), globs.compiled(self.exclude)
        for file in files.walk(self._root(), pruned=_is_foreign):
            if self.languages is not None and file.language not in self.languages:
                continue
            if wanted.fullmatch(file.relative) and not unwanted.fullmatch(file.relative):
                yield file

    def _root(self) -> Path:
        return self.path.expanduser()


def _is_foreign(folder: Path) -> bool:
    """Whether a folder holds other people's or generated files: hidden, packages, a virtual environment."""
    hidden = folder.name.startswith(".")
    return hidden or folder.name in _FOREIGN_FOLDERS or (folder / "pyvenv.cfg").exists()
