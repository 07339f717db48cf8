"""What may be published: a finished export, intact, of the samples that the run holds now."""

import json
from collections.abc import Callable

import pytest
from hub_upload_server import serving

from magicoder_gen.errors import ConfigError, CorruptData
from magicoder_gen.push.stage import Push
from magicoder_gen.storage.rundir import RunDir

Pushing = Callable[..., Push]


def test_an_export_that_is_older_than_its_samples_is_refused(push: Pushing, run: RunDir) -> None:
    """What cleaning has dropped since must not be published; in a dry run neither."""
    run.begin("clean", {"stricter": True})
    with serving() as server:
        for dry_run in (True, False):
            with pytest.raises(ConfigError, match=r"the export is older than its samples.*run `export`"):
                push(run, server, dry_run=dry_run)
        assert server.changes() == []


@pytest.mark.parametrize("damage", ["other bytes", "missing"])
def test_a_damaged_export_is_refused(push: Pushing, run: RunDir, damage: str) -> None:
    """A file of the same size with other bytes is found by its digest, before anything is sent."""
    path = run.folder("data") / "messages" / "train-00000-of-00001.jsonl"
    content = path.read_bytes()
    path.write_bytes(content.replace(b"id7", b"id_"))
    if damage == "missing":
        path.unlink()
    with serving() as server:
        with pytest.raises(CorruptData, match=f"{path}: not the file that export wrote"):
            push(run, server)
        assert server.changes() == []


def test_a_run_that_was_not_exported_is_refused(push: Pushing, run: RunDir) -> None:
    """With what to do."""
    manifest = run.root / "manifest.json"
    stages = json.loads(manifest.read_bytes())
    del stages["export"]
    manifest.write_text(json.dumps(stages))
    with serving() as server:
        with pytest.raises(ConfigError, match="export has not been run; run `export`"):
            push(run, server)
