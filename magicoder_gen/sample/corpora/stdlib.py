"""The running Python's own library: a corpus that every machine has."""

import platform
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Block, Document, Origin, Skipped
from magicoder_gen.sample.corpora import files

# Tests are no model of good code, packages not Python's.
_LEFT_OUT = frozenset({"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"})


class Stdlib(Block, frozen=True):
    """The Python files of the standard library, without its tests and without installed packages."""

    def documents(self) -> Iterator[Document | Skipped]:
        """Yield the modules, sorted by name within each folder."""
        for file in self._files():
            origin = Origin("stdlib", path=file.relative, revision=platform.python_version(), license="PSF-2.0")
            yield files.read(file, origin, max_bytes=files.MAX_BYTES)

    def identity(self) -> str:
        """Return a digest of the Python version and the files' names, sizes and times."""
        return digest([platform.python_version(), files.identity(self._files())])

    def title(self) -> str:
        """Return what a message calls this corpus."""
        return f"stdlib of Python {platform.python_version()}"

    def _files(self) -> Iterator[files.SourceFile]:
        root = Path(sysconfig.get_paths()["stdlib"])
        for file in files.walk(root, pruned=lambda folder: folder.name in _LEFT_OUT):
            if file.language == "python":
                yield file
