"""The commands: parse, wire, print. stdout is the result, stderr is talk, the exit code is API (see errors)."""

import errno
import logging
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from magicoder_gen import __version__
from magicoder_gen.errors import CannotCreate, DiskError, Interrupted, MagicoderError, PoorYield, TryLater

if TYPE_CHECKING:
    from magicoder_gen.config import Config
    from magicoder_gen.storage.rundir import RunDir, StageEntry

logger = logging.getLogger("magicoder_gen")
STAGES = ("sample", "generate", "clean", "export")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="magicoder-gen")
def cli() -> None:
    """Make instruction-tuning data for code models by OSS-INSTRUCT.

    Without a CONFIG, `magicoder-gen run` draws seeds from Python's own library and asks a small embedded model.
    """


def stage_command(name: str, text: str, *flags: Callable[[Any], Any]) -> None:
    """Register a command that runs one stage, or all, with the flags every stage has."""

    def command(config: Path | None, run: Path | None, **chosen: Any) -> None:
        stages = STAGES if name == "run" else (name,)
        _run_stages(stages, config, run, **chosen)

    command.__doc__ = text
    decorators = [
        click.argument("config", required=False, type=click.Path(path_type=Path)),
        click.option("--run", type=click.Path(path_type=Path), help="Run directory [runs/NAME]."),
        click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override any key."),
        *flags,
        click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object."),
        click.option("--log-format", type=click.Choice(["text", "json"]), default="text", help="Log lines on stderr."),
    ]
    for decorate in reversed(decorators):
        command = decorate(command)
    cli.command(name)(command)


_NUM = click.option("--num", type=click.IntRange(min=1), help="Seeds to draw (sample.num).")
_TEACHER = [
    click.option("--model", help="Model name, or a .gguf file for the embedded teacher."),
    click.option("--base-url", help="OpenAI-compatible URL; the teacher becomes `chat`."),
    click.option("--concurrency", type=click.IntRange(min=1), help="Requests at a time."),
]
stage_command("sample", "Draw seeds: snippets of real code. Writes RUN/seeds/.", _NUM)
stage_command("generate", "Ask the teacher about every seed that has no reply. Writes RUN/replies/.", *_TEACHER)
stage_command("clean", "Parse, deduplicate, decontaminate. Writes RUN/samples/ and RUN/rejections/.")
stage_command("export", "Write the data set: RUN/data/ with its card.")
stage_command("run", "Run every stage in order; finished ones are skipped.", _NUM, *_TEACHER)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Write a commented starter config and its prompts into FOLDER."""
    from magicoder_gen.storage import starter

    for path in starter.write(folder):
        click.echo(path)
    logger.info("edit %s, then: magicoder-gen run %s", folder / "config.yaml", folder / "config.yaml")


@cli.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(run: Path, *, as_json: bool) -> None:
    """Say what is done, pending, failed and spent in the run directory RUN."""
    from magicoder_gen import overview
    from magicoder_gen.storage.rundir import RunDir

    _print(overview.status(RunDir(run)), overview.status_lines, as_json=as_json)


@cli.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("row", required=False)
@click.option("-n", "number", type=click.IntRange(min=1), default=3, help="Without ROW: how many samples to show.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(run: Path, row: str | None, *, number: int, as_json: bool) -> None:
    """Show where the row with the id ROW comes from, or the first samples of RUN."""
    from magicoder_gen import overview
    from magicoder_gen.storage.rundir import RunDir

    _print(overview.rows(RunDir(run), row, number), overview.row_lines, as_json=as_json)


@cli.command()
@click.argument("config", required=False, type=click.Path(path_type=Path))
@click.option("--run", type=click.Path(path_type=Path), help="Run directory that would be used.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override any key.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(config: Path | None, run: Path | None, overrides: tuple[str, ...], *, as_json: bool) -> None:
    """Check whether this machine can run CONFIG: packages, disk, key, endpoint, model."""
    from magicoder_gen import doctor as checks

    settings, path = _config(config, run, list(overrides))
    findings = checks.examine(settings, _run_dir(path, run, settings))
    _print(findings, checks.lines, as_json=as_json)
    sys.exit(checks.exit_code(findings))


def main() -> None:
    """Run the command line; exit with the code of the error, after one line that says what to do."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    from magicoder_gen import logs

    logs.setup("text")
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _leave(Interrupted(signal.SIGINT))
    except MagicoderError as error:
        _leave(error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, MemoryError) as error:
        _leave(_of_the_machine(error))


def _run_stages(
    names: tuple[str, ...],
    config_path: Path | None,
    run_path: Path | None,
    *,
    overrides: tuple[str, ...],
    as_json: bool,
    log_format: str,
    **flags: Any,
) -> None:
    """Run the stages under the lock; a poor yield is reported after the last one."""
    config, path = _config(config_path, run_path, list(overrides), **flags)
    _setup_logs(config, log_format)
    run = _run_dir(path, run_path, config)
    results: dict[str, StageEntry] = {}
    poor: PoorYield | None = None
    from magicoder_gen import config as configuration

    with run.locked():
        run.freeze_config(configuration.dump(config))
        for name in names:
            try:
                results[name] = _run_stage(name, config, run)
            except PoorYield as error:
                results[name] = run.stages()[name]
                poor = error
                counts = results[name].counts
                if counts is None or not counts.kept:
                    break
    from magicoder_gen import overview

    _print(results, partial(overview.stage_lines, run=run), as_json=as_json)
    if poor:
        raise poor


def _run_stage(name: str, config: "Config", run: "RunDir") -> "StageEntry":
    """Run one stage unless it is complete; return its entry."""
    from magicoder_gen import logs, pipeline

    stage = pipeline.prepare(name, config, run)
    if run.is_complete(stage.name, stage.inputs):
        logger.info("%s: complete, nothing to do", name)
        entry = run.stages()[name]
        assert entry.counts is not None
        stage.require_yield(entry.counts)
        return entry
    progress = logs.StageProgress(name, run, terminal=sys.stderr.isatty())
    try:
        entry = stage.run(progress)
    finally:
        progress.close()
    return entry


def _config(path: Path | None, run: Path | None, overrides: list[str], **flags: Any) -> tuple["Config", Path]:
    from magicoder_gen import config as configuration

    located = configuration.locate(path, run)
    return configuration.load(located, [*configuration.flag_overrides(located, flags), *overrides]), located


def _run_dir(config_path: Path, run: Path | None, config: "Config") -> "RunDir":
    from magicoder_gen import config as configuration
    from magicoder_gen.storage.rundir import RunDir

    return RunDir(run or configuration.run_root(config_path), layout=config.storage)


def _setup_logs(config: "Config", log_format: str) -> None:
    from magicoder_gen import logs

    variable = getattr(config.generate.teacher, "api_key_env", None)
    secret = os.environ.get(variable, "") if variable else ""
    logs.setup(log_format, secrets=[secret])


def _print(value: Any, lines: Callable[[Any], list[str]], *, as_json: bool) -> None:
    """Print the result: one JSON object, or text made safe for a terminal."""
    import msgspec

    from magicoder_gen import logs

    text = msgspec.json.encode(value).decode() if as_json else "\n".join(lines(value))
    click.echo(text if as_json else logs.printable(text))


def _leave(error: MagicoderError) -> None:
    logger.error("%s", error)
    sys.exit(error.exit_code)


def _of_the_machine(error: OSError | MemoryError) -> MagicoderError:
    """Name what the operating system refused where no stage did."""
    number = getattr(error, "errno", errno.ENOMEM)
    if number in {errno.EMFILE, errno.ENFILE, errno.ENOMEM, None}:
        return TryLater(f"{error or 'out of memory'}; free file handles or memory and run the same command again")
    if number in {errno.ENOSPC, errno.EDQUOT, errno.EIO}:
        return DiskError(f"{error}; free space and run the same command again")
    return CannotCreate(str(error))


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise Interrupted(number)
