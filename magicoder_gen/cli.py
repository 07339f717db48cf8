"""The commands: parse, wire, print. stdout is the result, stderr is talk, the exit code is API (see errors)."""

import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from magicoder_gen import __version__
from magicoder_gen.errors import CannotCreate, ConfigError, Interrupted, MagicoderError, PoorYield, of_the_machine

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
    cli.command(name)(_decorated(*decorators)(command))


def _decorated(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Apply decorators as if they stood above the function, in this order."""

    def decorate(command: Any) -> Any:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


_NUM = click.option("--num", type=click.IntRange(min=1), help="Seeds to draw (sample.num).")
_TEACHER = [
    click.option("--model", help="Model name, or a .gguf file for the embedded teacher."),
    click.option("--base-url", help="OpenAI-compatible URL; the teacher becomes `chat`."),
    click.option("--concurrency", type=click.IntRange(min=1), help="Requests at a time."),
]
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Show what would be read and what it can give; write nothing.")
stage_command("sample", "Draw seeds: snippets of real code. Writes RUN/seeds/.", _NUM, _DRY_RUN)
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


def _run_argument(command: Any) -> Any:
    return click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))(command)


@cli.command()
@_run_argument
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(run: Path, *, as_json: bool) -> None:
    """Say what is done, pending, failed and spent in the run directory RUN."""
    from magicoder_gen import overview

    _print(overview.status(_existing_run(run)), overview.status_lines, as_json=as_json)


@cli.command()
@_run_argument
@click.argument("row", required=False)
@click.option("-n", "number", type=click.IntRange(min=1), default=3, help="Without ROW: how many samples to show.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(run: Path, row: str | None, *, number: int, as_json: bool) -> None:
    """Show where the row with the id ROW comes from, or the first samples of RUN."""
    from magicoder_gen import overview

    rows = overview.rows(_existing_run(run), row, number)
    if row and not rows:
        raise click.UsageError(f"{run} has no sample or rejection whose id begins with {row}")
    _print({"rows": rows}, lambda found: overview.row_lines(found["rows"]), as_json=as_json)


@cli.command()
@click.argument("config", required=False, type=click.Path(path_type=Path))
@click.option("--run", type=click.Path(path_type=Path), help="Run directory that would be used.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override any key.")
@_decorated(*_TEACHER)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(config: Path | None, run: Path | None, overrides: tuple[str, ...], *, as_json: bool, **flags: Any) -> None:
    """Check whether this machine can run CONFIG: packages, disk, key, endpoint, model."""
    from magicoder_gen import doctor as checks

    settings, path = _config(config, run, overrides, **flags)
    findings = checks.examine(settings, _run_dir(path, run, settings))
    _print({"findings": findings}, lambda found: checks.lines(found["findings"]), as_json=as_json)
    sys.exit(checks.exit_code(findings))


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
        _leave(ConfigError(f"a name on the command line is not UTF-8: {error.object!r}"))
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


def _run_stages(
    names: tuple[str, ...],
    config_path: Path | None,
    run_path: Path | None,
    *,
    overrides: tuple[str, ...],
    as_json: bool,
    log_format: str,
    dry_run: bool = False,
    **flags: Any,
) -> None:
    """Run the stages under the lock and print what they did, also when one ends early."""
    from magicoder_gen import config as configuration
    from magicoder_gen import logs, overview, pipeline

    logs.setup(log_format)
    config, path = _config(config_path, run_path, overrides, **flags)
    logs.setup(log_format, secrets=_secrets(config))
    if dry_run:
        _print_outlook(config, as_json=as_json)
        return
    run = _run_dir(path, run_path, config)
    pipeline.check(names, config, run)
    results: dict[str, StageEntry] = {}
    with run.locked():
        trouble = _stages(names, config, run, results, frozen=configuration.dump(config))
    if results:
        summary = overview.summary(run, results)
        _print(summary, overview.summary_lines, as_json=as_json)
    if trouble:
        raise trouble


def _print_outlook(config: "Config", *, as_json: bool) -> None:
    from magicoder_gen.sample import outlook

    _print(outlook.look(config.sample, rng_seed=config.rng_seed), outlook.lines, as_json=as_json)


def _stages(
    names: tuple[str, ...], config: "Config", run: "RunDir", results: dict[str, "StageEntry"], *, frozen: str
) -> MagicoderError | None:
    """Run the stages; return what ended them early, or the last poor yield that others could build on."""
    poor: PoorYield | None = None
    for name in names:
        try:
            _run_stage(name, config, run, frozen=frozen)
        except PoorYield as error:
            poor = error
        except MagicoderError as error:
            _note(name, run, results)
            return error
        _note(name, run, results)
        if poor and not results[name].kept():
            break
    return poor


def _note(name: str, run: "RunDir", results: dict[str, "StageEntry"]) -> None:
    entry = run.stages().get(name)
    if entry and entry.counts:
        results[name] = entry


def _run_stage(name: str, config: "Config", run: "RunDir", *, frozen: str) -> None:
    """Run one stage unless it is complete; either way raise PoorYield if it is too little."""
    from magicoder_gen import logs, pipeline

    stage = pipeline.prepare(name, config, run)
    run.freeze_config(frozen)
    if run.is_complete(stage.name, stage.inputs):
        logger.info("%s: complete, nothing to do", name)
        counts = run.stages()[name].counts
        assert counts is not None
        stage.require_yield(counts)
        return
    progress = logs.StageProgress(name, run, terminal=sys.stderr.isatty())
    try:
        stage.run(progress)
    finally:
        progress.close()


def _config(path: Path | None, run: Path | None, overrides: tuple[str, ...], **flags: Any) -> tuple["Config", Path]:
    from magicoder_gen import config as configuration

    located = configuration.locate(path, run)
    return configuration.load(located, overrides, flags), located


def _run_dir(config_path: Path, run: Path | None, config: "Config") -> "RunDir":
    from magicoder_gen import config as configuration
    from magicoder_gen.storage.rundir import RunDir

    return RunDir(run or configuration.run_root(config_path), layout=config.storage)


def _existing_run(path: Path) -> "RunDir":
    from magicoder_gen.storage.rundir import RunDir

    run = RunDir(path)
    if not run.stages():
        raise click.UsageError(f"{path} is not a run directory: it has no manifest.json")
    return run


def _secrets(config: "Config") -> list[str]:
    blocks = (config.generate.teacher, *config.sample.corpora)
    variables = {getattr(block, key, None) for block in blocks for key in ("api_key_env", "token_env")}
    return [os.environ.get(variable, "") for variable in variables if variable]


def _print(value: Any, lines: Callable[[Any], list[str]], *, as_json: bool) -> None:
    """Print the result: one JSON object, or text made safe for a terminal. Nobody has to listen."""
    import msgspec

    from magicoder_gen import logs

    text = msgspec.json.encode(value).decode() if as_json else logs.printable("\n".join(lines(value)))
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_streams() -> None:
    """Give a process that was started without them somewhere to write to."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  # until the end


def _leave(error: MagicoderError) -> None:
    logger.error("%s", error)
    sys.exit(error.exit_code)


class _Signal(BaseException):
    """SIGINT, SIGTERM or SIGHUP; it passes every `except Exception`, and click, which prints a blank line at Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise _Signal(number)
