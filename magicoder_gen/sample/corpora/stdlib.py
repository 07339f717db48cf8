"""The running Python's own library: a corpus that every machine has."""

import platform
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self

import msgspec

from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Block, Origin
from magicoder_gen.sample import texts
from magicoder_gen.sample.corpora import files

# Tests are no model of good code, packages not Python's.
_LEFT_OUT = frozenset({"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"})


class Stdlib(Block, frozen=True):
    """The Python files of the standard library, without its tests and without installed packages.

    `weight` is the corpus's share of the seeds relative to the other corpora; null = as many as it happens to give.
    """

    weight: Annotated[float, msgspec.Meta(gt=0)] | None = None

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
    """Python files, but not those of tests and packages."""

    def below(self, path: str, relative: str) -> Self | None:  # noqa: ARG002  # as every scope
        return None if relative.rpartition("/")[2] in _LEFT_OUT else self

    def takes(self, relative: str, language: str) -> bool:  # noqa: ARG002
        return language == "python"


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
