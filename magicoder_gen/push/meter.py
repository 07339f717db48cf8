"""How much was sent: a bar on a terminal, else a log line a minute."""

import logging
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from magicoder_gen import logs

logger = logging.getLogger(__name__)


class Meter:
    """Counts files and bytes; files are told whole, since what the hub has of one already is not sent."""

    def __init__(self, files: int, size: int, bar: Any, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._files, self._size, self._bar = files, size, bar
        self._clock = clock
        self._last_line = clock()
        self._done, self._sent = 0, 0

    def begin(self, path: str) -> None:
        """Say which file is next."""
        if self._bar is not None:
            self._bar.set_postfix_str(logs.one_line(path))

    def end(self, size: int) -> None:
        """Count a file."""
        self._done, self._sent = self._done + 1, self._sent + size
        if self._bar is not None:
            self._bar.update(size)
        elif self._clock() - self._last_line >= logs.LINE:
            self._last_line = self._clock()
            of = f"{megabytes(self._sent)} of {megabytes(self._size)}"
            logger.info("push: %d of %d files, %s", self._done, self._files, of)


@contextmanager
def metered(files: int, size: int) -> Iterator[Meter]:
    """Give a meter for so many files and bytes."""
    bar = _bar(size) if sys.stderr.isatty() else None
    try:
        yield Meter(files, size, bar)
    finally:
        if bar is not None:
            bar.close()


def _bar(size: int) -> Any:
    from tqdm import tqdm

    screen = shutil.get_terminal_size()
    return tqdm(
        total=size,
        desc="push",
        unit="B",
        unit_scale=True,
        leave=False,
        file=sys.stderr,
        ncols=screen.columns,
        nrows=screen.lines,
    )


def megabytes(size: int) -> str:
    """Return a size as people read it."""
    for limit, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= limit:
            return f"{size / limit:.1f} {unit}"
    return f"{size} B"
