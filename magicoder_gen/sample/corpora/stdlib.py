"""The running Python's own library: a corpus that every machine has."""

import platform
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Block, Origin, Weight
from magicoder_gen.sample import texts
from magicoder_gen.sample.corpora import files

_LEFT_OUT = frozenset({
    "test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__", "encodings", "lib2to3", "pydoc_data",
})  # fmt: skip
_WRITTEN_BY_PROGRAMS = ("_sysconfigdata", "stringprep.py")  # beginnings of paths


class Stdlib(Block, frozen=True):
    """The Python files of the standard library, as far as they are models of good code.

    Left out, and not counted: its tests; installed packages, which are not Python's; `encodings`, a hundred tables and
    as many copies of one class; `lib2to3`, patterns over a grammar of Python 2; what a program wrote (`pydoc_data`,
    `stringprep`, `_sysconfigdata…`).

    `weight` is the corpus's share of the seeds relative to the other corpora; null = as many as it happens to give.
    """

    weight: Weight | None = None

    def fragments(self) -> list[files.Files]:
        """Return the modules, sorted by name within each folder, in groups."""
        return files.fragments(_root(), self._files(), max_bytes=files.MAX_BYTES, located=_located)

    def identity(self) -> str:
        """Return a digest of the Python version and the files' names, sizes and times."""
        return digest([platform.python_version(), files.identity(self._files())])

    def title(self) -> str:
        """Return what a message calls this corpus."""
        return f"stdlib of Python {platform.python_version()}"

    def _files(self) -> Iterator[files.SourceFile | files.UnreadableFolder]:
        return files.walk(_root(), _Modules())


class _Modules:
    """Python files, but those that are left out."""

    def below(self, path: str, relative: str) -> Self | None:  # noqa: ARG002  # as every scope
        return None if relative.rpartition("/")[2] in _LEFT_OUT else self

    def takes(self, relative: str, language: str) -> bool:
        return language == "python" and not relative.startswith(_WRITTEN_BY_PROGRAMS)


def _root() -> Path:
    return Path(sysconfig.get_paths()["stdlib"])


def _located() -> files.Locate:
    return _origin


def _origin(relative: str, content: bytes | None) -> Origin:
    return Origin(
        "stdlib",
        path=files.printable(relative),
        revision=platform.python_version(),
        license="PSF-2.0",
        swhid=None if content is None else texts.swhid(content),
    )
