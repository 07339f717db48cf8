"""What a run holds, as numbers and as a page: `report`."""

import os
from pathlib import Path

import click

from magicoder_gen.cli import output, parameters


@click.command()
@parameters.RUN
@click.option(
    "--humaneval",
    type=click.Path(path_type=Path, exists=True),
    metavar="FILE",
    help="HumanEval.jsonl, plain or .gz, or its folder: measures how near rows are to its tasks.",
)
@click.option(
    "--compare",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Rows of another data set whose nearness to HumanEval is measured too; for several, give it again.",
)
@parameters.SET
@parameters.JSON
def report(
    run: Path, *, humaneval: Path | None, compare: tuple[Path, ...], overrides: tuple[str, ...], as_json: bool
) -> None:
    """Write stats.json and report.html, a page that works offline, into the run directory RUN.

    How categories are told is the section `categories` of RUN/config.yaml, or of --set. Ends with code 75, and writes
    nothing, where RUN changes while it is read or a purge of it is not finished.
    """
    from magicoder_gen import config as configuration
    from magicoder_gen import logs
    from magicoder_gen.report import stage

    if compare and not humaneval:
        raise click.UsageError("--compare measures nearness to HumanEval: name its file with --humaneval")
    found = parameters.existing_run(run)
    config, _ = parameters.load(None, run, overrides)
    logs.setup("text", secrets=[os.environ.get(name, "") for name in configuration.key_variables(config)])
    written = stage.write(found, benchmark=humaneval, others=compare, categories=config.categories)
    output.show(written, stage.lines, as_json=as_json)
