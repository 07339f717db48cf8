"""What a purge has still to do, on disk before it changes anything: killed at any moment, it can be carried on."""

from pathlib import Path

import msgspec

from magicoder_gen.errors import CorruptData
from magicoder_gen.purge.scope import Scope
from magicoder_gen.records import Counts, Record
from magicoder_gen.storage import shards
from magicoder_gen.storage.optouts import Purge
from magicoder_gen.storage.rundir import PURGING, StageEntry


class Job(Record, frozen=True):
    """What is to be done in one run, that of the judgements being one of its own.

    `stages` are the manifest's entries as they were, `counts` what their counts will be; `fresh` are the stages that
    were made of what the stages before have now. `accepted` is what the journal's index knows of answers to other
    prompts.
    """

    scope: Scope
    stages: dict[str, StageEntry]
    counts: dict[str, Counts]
    fresh: tuple[str, ...]
    accepted: str | None = None


class Pending(Record, frozen=True):
    """A purge that has begun: the line that the ledger gets in the end, and the work."""

    purge: Purge
    run: Job
    judgements: Job | None = None


def read(root: Path) -> Pending | None:
    """Return the purge that did not come to its end, None if there is none."""
    path = root / PURGING
    try:
        return msgspec.json.decode(path.read_bytes(), type=Pending)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        again = "delete it, judgements/ and embeddings/, run the same command again, then `run`, which counts anew"
        raise CorruptData(f"{path}: {error}; {again}") from error


def write(root: Path, pending: Pending) -> None:
    """Keep what is to be done."""
    shards.write_file(root / PURGING, msgspec.json.encode(pending))


def remove(root: Path) -> None:
    """Forget what is done."""
    (root / PURGING).unlink(missing_ok=True)
