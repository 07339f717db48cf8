"""What comes before a run: `init`, `doctor`."""

import logging
import sys
from pathlib import Path
from typing import Any

import click

from magicoder_gen.cli import output, parameters

logger = logging.getLogger("magicoder_gen")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Write a commented starter config and its prompts into FOLDER."""
    from magicoder_gen.storage import starter

    for path in starter.write(folder):
        click.echo(path)
    logger.info("edit %s, then: magicoder-gen run %s", folder / "config.yaml", folder / "config.yaml")


@click.command()
@parameters.CONFIG
@parameters.run_option("Run directory that would be used.")
@parameters.SET
@parameters.all_of(*parameters.TEACHER)
@parameters.JSON
def doctor(config: Path | None, run: Path | None, overrides: tuple[str, ...], *, as_json: bool, **flags: Any) -> None:
    """Check whether this machine can run CONFIG: packages, disk, key, endpoint, model."""
    from magicoder_gen import doctor as checks

    settings, path = parameters.load(config, run, overrides, **flags)
    findings = checks.examine(settings, parameters.run_dir(path, run, settings))
    output.show({"findings": findings}, lambda found: checks.lines(found["findings"]), as_json=as_json)
    sys.exit(checks.exit_code(findings))
