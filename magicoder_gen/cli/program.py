"""The program: every command, and how it ends, be it by an error or by a signal."""

import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType

import click

from magicoder_gen import __version__
from magicoder_gen.cli import benchmarks, inspection, preparation, purge, push, report, stages
from magicoder_gen.errors import CannotCreate, ConfigError, Interrupted, MagicoderError, Pending, of_the_machine

logger = logging.getLogger("magicoder_gen")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="magicoder-gen")
def cli() -> None:
    """Make instruction-tuning data for code models by OSS-INSTRUCT.

    Without a CONFIG, `magicoder-gen run` draws seeds from Python's own library and asks a small embedded model.
    """


_ON_RUNS = (inspection.status, inspection.show, report.report, push.push, purge.purge)
for _command in (*stages.COMMANDS, *preparation.COMMANDS, *_ON_RUNS, benchmarks.benchmarks):
    cli.add_command(_command)


def main() -> None:
    """Run the command line; exit with the code of the error, after one line that says what to do."""
    try:
        _begin()
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except _Signal as stop:
        _leave(Interrupted(stop.number))
    except (KeyboardInterrupt, click.Abort):
        _leave(Interrupted(signal.SIGINT))
    except MagicoderError as error:
        _leave(error)
    except UnicodeEncodeError as error:
        _leave(ConfigError(f"a name is not UTF-8: {error.object!r}; rename the file, or name another one"))
    except (OSError, MemoryError) as error:
        _leave(of_the_machine(error) or CannotCreate(str(error)))


def _begin() -> None:
    """Heed signals unless we were started to ignore them; talk on stderr."""
    _open_streams()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    from magicoder_gen import logs

    logs.setup("text")


def _open_streams() -> None:
    """Give a process that was started without them somewhere to write to."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  # until the end


def _leave(error: MagicoderError) -> None:
    logger.log(logging.INFO if isinstance(error, Pending) else logging.ERROR, "%s", error)
    sys.exit(error.exit_code)


class _Signal(BaseException):
    """SIGINT, SIGTERM or SIGHUP; it passes every `except Exception`, and click, which prints a blank line at Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.exit_code = Interrupted(number).exit_code


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise _Signal(number)
