"""Talk on stderr: log lines without secrets, the progress of a stage, text that is safe on a terminal."""

import json
import logging
import re
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from magicoder_gen.amounts import dollars
from magicoder_gen.errors import MagicoderError
from magicoder_gen.records import Traffic
from magicoder_gen.storage import metrics, rundir
from magicoder_gen.storage.rundir import RunDir

HEARTBEAT = 5.0  # seconds between two writings of status.json
LINE = 60.0  # seconds between two log lines where there is no terminal
_NARROW = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"
PACE = 60.0  # seconds over which the rate is taken

_SECRET = re.compile(
    r"(?i)(bearer\s+|api[-_]?key[\"']?\s*[:=]\s*[\"']?)[^\s\"',}]+|\bsk-[A-Za-z0-9_-]{8,}|\bhf_[A-Za-z0-9]{16,}"
)
_CONTROL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)|[\x00-\x08\x0b-\x1f\x7f-\x9f]")

# Characters that are not shown, and turn around or hide what is; but not the joiners that some scripts need.
_FORMAT = re.compile(
    r"[\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def setup(log_format: str, *, secrets: Iterable[str] = ()) -> None:
    """Send the package's log to stderr, as text or as one JSON object a line, with `secrets` blanked."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redacted(as_json=log_format == "json", secrets=[s for s in secrets if len(s) > 3]))  # noqa: PLR2004
    logger = logging.getLogger("magicoder_gen")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False


def printable(text: str) -> str:
    """Return `text` without control and escape sequences, directions of text as escapes; tabs and line ends stay."""
    return _FORMAT.sub(lambda mark: repr(mark[0])[1:-1], _CONTROL.sub("", text))


def one_line(text: str) -> str:
    """Return `text` with its line ends, control and other invisible characters written as escapes."""
    return "".join(mark if mark.isprintable() else repr(mark)[1:-1] for mark in text)


class _Redacted(logging.Formatter):
    """Formats a record, traceback included, and then blanks whatever looks like a key or is one.

    A message is one line, whatever the names of files and columns in it; only a traceback has several.
    """

    def __init__(self, *, as_json: bool, secrets: list[str]) -> None:
        super().__init__("%(levelname)s %(message)s")
        self._as_json = as_json
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        plain = self._as_json or (record.levelno < logging.WARNING and not record.exc_info)
        text = record.getMessage() if plain else super().format(record)
        if self._as_json and record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        for secret in self._secrets:
            text = text.replace(secret, "[key]")
        text = _SECRET.sub("[key]", text)
        if not self._as_json:
            return printable(text) if record.exc_info else one_line(text)
        text = printable(text)
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        return json.dumps({"ts": stamp, "level": record.levelname.lower(), "event": text})


class Lines:
    """How far something is that is no stage: a log line a minute."""

    def __init__(self, name: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._last = clock()

    def update(
        self,
        done: int,
        total: int | None = None,
        *,
        in_flight: int = 0,  # noqa: ARG002  # the protocol's
        traffic: Traffic | None = None,  # noqa: ARG002
    ) -> None:
        """Say so once a minute."""
        if self._clock() - self._last >= LINE:
            self._last = self._clock()
            of = f" of {total}" if total is not None else ""
            logging.getLogger("magicoder_gen").info("%s: %d%s", self._name, done, of)


class StageProgress:
    """How far a stage is: a bar on a terminal, else a log line a minute; the run's heartbeat and its metrics."""

    def __init__(self, stage: str, run: RunDir, *, terminal: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._stage = stage
        self._run = run
        self._clock = clock
        self._terminal = terminal
        self._bar: Any = None
        self._deaf = False
        self._last_beat = self._last_line = clock()
        self._done, self._in_flight = 0, 0
        self._total: int | None = None
        self._traffic: Traffic | None = None
        self._progressed = time.time()
        self._paces: deque[tuple[float, int]] = deque()  # when how many were done, a second apart, a minute long
        self._beat()

    def update(
        self, done: int, total: int | None = None, *, in_flight: int = 0, traffic: Traffic | None = None
    ) -> None:
        """Show and record, each no more often than it should be."""
        now, first = self._clock(), self._total is None and total is not None
        if done != self._done:
            self._progressed = time.time()
        self._done, self._total, self._in_flight = done, total, in_flight
        self._traffic = traffic or self._traffic
        if self._traffic:
            self._note_pace(now)
        if self._terminal:
            self._draw()
        elif now - self._last_line >= LINE:
            self._last_line = now
            logging.getLogger("magicoder_gen").info("%s", self._line())
        if first or now - self._last_beat >= HEARTBEAT:
            self._last_beat = now
            self._beat()

    def close(self) -> None:
        """Remove the bar and write the last heartbeat."""
        if self._bar is not None:
            self._bar.close()
        self._in_flight = 0
        self._beat()

    def _beat(self) -> None:
        """Write the heartbeat; a run does not fail because nobody can watch it."""
        status = rundir.heartbeat(
            self._stage,
            self._done,
            self._total,
            in_flight=self._in_flight,
            cost=self._traffic.cost if self._traffic else None,
            progressed=self._progressed,
        )
        try:
            self._run.beat(status)
            metrics.write(self._run, metrics.Moment(status, self._traffic))
        except MagicoderError as error:
            if not self._deaf:
                logging.getLogger("magicoder_gen").warning("no heartbeat: %s", error)
            self._deaf = True

    def _note_pace(self, now: float) -> None:
        """Remember the last minute."""
        if not self._paces or now - self._paces[-1][0] >= 1:
            self._paces.append((now, self._done))
        while now - self._paces[0][0] > PACE:
            self._paces.popleft()

    def _draw(self) -> None:
        if self._bar is None:
            from tqdm import tqdm

            size = shutil.get_terminal_size()  # tqdm alone draws nothing where a terminal does not know its size
            self._bar = tqdm(
                total=self._total, desc=self._stage, leave=False, file=sys.stderr, ncols=size.columns, nrows=size.lines
            )
            if self._traffic:  # the pace is told in prompts a minute
                self._bar.bar_format = _NARROW
        self._bar.total = self._total
        self._bar.set_postfix_str(", ".join(self._details()), refresh=False)
        self._bar.update(self._done - self._bar.n)

    def _line(self) -> str:
        of = f" of {self._total}" if self._total is not None else ""
        return ", ".join([f"{self._stage}: {self._done}{of}", *self._details()])

    def _details(self) -> list[str]:
        """Return what is said of the traffic: money first, which a narrow terminal shows, then failed, under way, rate.

        Prompts that wait to be sent once more are under way too.
        """
        shown = [f"{self._in_flight} under way"] if self._in_flight else []
        if self._traffic is None:
            return shown
        failed = sum(self._traffic.failed.values())
        began, before = self._paces[0]
        seconds = self._paces[-1][0] - began
        rate = [f"{(self._paces[-1][1] - before) * 60 / seconds:.0f}/min"] if seconds else []
        return [*self._money(self._traffic), *([f"{failed} failed"] if failed else []), *shown, *rate]

    def _money(self, traffic: Traffic) -> list[str]:
        """Return the cost so far and what it will come to at this rate; nothing where nothing costs anything."""
        if traffic.cost is None:
            return ["cost unknown"] if traffic.replies else []
        if not traffic.cost:
            return []
        left = max(0, (self._total or 0) - self._done)
        more = f" of about {dollars(traffic.cost * (1 + left / traffic.replies))}" if left else ""
        return [f"{dollars(traffic.cost)}{more}"]
