"""What is said when something of a corpus cannot be read, and whose fault it is."""

from collections.abc import Iterator
from contextlib import contextmanager

from magicoder_gen.errors import ConfigError, TryLater, of_the_machine


class WrongOption(ConfigError):
    """An option of a corpus is wrong; the corpus does not know its own place in the list of corpora."""

    def __init__(self, key: str, problem: str, *, corpus: str = "") -> None:
        super().__init__(key, problem)
        self._corpus = corpus

    def __str__(self) -> str:
        key, problem = self.args
        return f"sample.corpora{self._corpus}.{key}: {problem}"

    def of(self, number: int) -> "WrongOption":
        """Return the same of the corpus with that number, from 0."""
        return WrongOption(*self.args, corpus=f"[{number}]")


@contextmanager
def placed(number: int) -> Iterator[None]:
    """Let the wrong option that the body finds be one of the corpus with that number, from 0."""
    try:
        yield
    except WrongOption as error:
        raise error.of(number) from error


def raise_if_exhausted(error: Exception, where: str) -> None:
    """Raise TryLater if the machine is out of file handles or memory: that is no fault of what is read."""
    exhausted = of_the_machine(error, f"{where}: ") if isinstance(error, OSError | MemoryError) else None
    if isinstance(exhausted, TryLater):
        raise exhausted from error


def one_line(error: Exception) -> str:
    """Return what an error of another library says, in one line."""
    return " ".join(str(error).split()) or type(error).__name__


def shown(text: object) -> str:
    """Return a path or a value for a message: one line without control characters."""
    return "".join(mark if mark.isprintable() else "\ufffd" for mark in str(text))
