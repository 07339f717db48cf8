"""Take out of a run what somebody does not want to be used: `purge`."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from magicoder_gen.cli import output, parameters
from magicoder_gen.errors import ConfigError, MagicoderError

if TYPE_CHECKING:
    from magicoder_gen.config import Config
    from magicoder_gen.purge.unanswered import Asks
    from magicoder_gen.storage.rundir import RunDir


@click.command()
@parameters.RUN
@click.option(
    "--opt-out",
    "listed",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="What is not wanted, one a line: repo OWNER/NAME, path PATH, swhid SWHID or id ID.",
)
@click.option("--dry-run", is_flag=True, help="Say what would go; change nothing.")
@parameters.JSON
def purge(run: Path, *, listed: Path, dry_run: bool, as_json: bool) -> None:
    """Remove from RUN all that descends from the repositories, paths, SWHIDs or ids that FILE lists, for good."""
    from magicoder_gen import config as configuration
    from magicoder_gen.purge import stage
    from magicoder_gen.storage.rundir import RunDir

    existing = parameters.existing_run(run)
    config = None
    with suppress(ConfigError):  # which is needed only to export again
        path = configuration.locate(None, run)
        config = configuration.load(path) if path == existing.config_path else None
    opened = RunDir(run, layout=config.storage) if config else existing
    with opened.locked(purging=True):
        purged = stage.run(
            opened,
            listed,
            export=lambda: _export(config, opened),
            markers=config.clean.markers if config else None,
            asks=_asks(config) if config else None,
            dry_run=dry_run,
        )
    output.show(purged, stage.lines, as_json=as_json)


def _asks(config: "Config") -> "Asks | None":
    """Return what makes the prompts of a seed, None where the files of the recipe are not there any more."""
    from magicoder_gen.purge import unanswered

    with suppress(MagicoderError):
        return unanswered.asking(config.generate)
    return None


def _export(config: "Config | None", run: "RunDir") -> str | None:
    """Export what is left; return why that cannot be, None if it was."""
    from magicoder_gen import logs, pipeline

    if config is None:
        return f"{run.config_path} cannot be read; run `export` with its configuration"
    progress = logs.StageProgress("export", run, terminal=False)
    try:
        pipeline.prepare("export", config, run).run(progress)
    except MagicoderError as error:
        return str(error)
    finally:
        progress.close()
    return None
