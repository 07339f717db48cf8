"""What an export wrote, to the hub: `push`."""

from pathlib import Path

import click

from magicoder_gen.cli import output, parameters


@click.command()
@parameters.RUN
@click.argument("repository", metavar="OWNER/NAME")
@click.option("--send", is_flag=True, help="Do it; without this, only what would be done is shown.")
@click.option(
    "--public", is_flag=True, help="Let everybody see a repository that is made. One that exists stays as is."
)
@click.option("--withdraw", is_flag=True, help="Take back all rows and the card, whatever RUN holds now.")
@click.option("--revision", default="main", show_default=True, metavar="BRANCH", help="Made from main if missing.")
@click.option("--message", metavar="TEXT", help="What the commit says [how many rows].")
@parameters.JSON
def push(
    run: Path,
    repository: str,
    *,
    send: bool,
    public: bool,
    withdraw: bool,
    revision: str,
    message: str | None,
    as_json: bool,
) -> None:
    """Bring the dataset OWNER/NAME on the Hugging Face Hub to what `export` wrote into the run directory RUN.

    Shows what would be sent and removed; --send does it, in one commit. A repository that is missing is made, private.
    The token is that of HF_TOKEN, or of `hf auth login`; HF_ENDPOINT names another hub.
    """
    from magicoder_gen.sample.corpora import hub_requests

    found = parameters.existing_run(run)
    hub_requests.endpoint()  # huggingface_hub fails on a wrong one where it is imported
    from magicoder_gen.push import stage

    if send:
        done = stage.send(found, repository, revision=revision, public=public, message=message, withdraw=withdraw)
    else:
        done = stage.look(found, repository, revision=revision, public=public, withdraw=withdraw)
    output.show(done, stage.lines, as_json=as_json)
