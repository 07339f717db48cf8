"""What may be published: a finished export, intact, of the samples that the run holds now."""

import hashlib
import json
from collections.abc import Callable

import pytest
from exporting import files
from hub_upload_server import serving

from magicoder_gen.errors import ConfigError, CorruptData, MagicoderError
from magicoder_gen.push import exported
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


@pytest.mark.parametrize("held", [10_000_000, 1000])
@pytest.mark.parametrize("path", ["axolotl.yaml", "messages/train-00000-of-00001.jsonl"])
def test_only_what_was_verified_is_published(
    push: Pushing, run: RunDir, monkeypatch: pytest.MonkeyPatch, path: str, held: int
) -> None:
    """Somebody writes to a file while others are sent: it goes out as it was, or nothing does."""
    monkeypatch.setattr(exported, "_HELD", held)
    place, before = run.folder("data") / path, files(run)

    def edit(key: str, number: int) -> None:
        if key.startswith("POST /api/datasets/owner/pairs/preupload") and number == list(before).index(path) + 1:
            place.write_bytes(b"mine".ljust(len(before[path])))

    with serving(edit) as server:
        if len(before[path]) > held:
            with pytest.raises(MagicoderError):
                push(run, server)
            assert len(server.repositories["owner/pairs"].messages) == 1
        else:
            push(run, server)
            assert server.repositories["owner/pairs"].files()[path] == before[path]
        assert place.read_bytes() != before[path]


def test_a_large_file_is_verified_once_more(push: Pushing, run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    """The storage may take it as it is: then no commit shows it."""
    monkeypatch.setattr(exported, "_HELD", 1000)
    path = run.folder("data") / "README.md"
    content = path.read_bytes()

    def edit(key: str, _number: int) -> None:
        if key.startswith("POST /api/datasets/owner/pairs/preupload"):
            path.write_bytes(content.replace(b"40", b"41"))

    with serving(edit, lfs_from=1 << 30) as server:
        with pytest.raises(CorruptData, match=r"README\.md: not the file that export wrote"):
            push(run, server)
        assert len(server.repositories["owner/pairs"].messages) == 1


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("data", "../../secret.txt"),
        ("data", "/secret.txt"),
        (".", "config.yaml"),
        ("data", "notes.txt"),
        ("data/messages", "notes.txt"),
        ("data/messages/..", "README.md"),
    ],
)
def test_a_manifest_cannot_name_other_files(push: Pushing, run: RunDir, folder: str, name: str) -> None:
    """What lies elsewhere, or is none of what an export writes, stays here whatever somebody wrote into the list."""
    place = run.root / folder / name
    if not place.exists():
        place = place if name != "/secret.txt" else run.root.parent / "secret.txt"
        place.write_text("mine")
    content = place.read_bytes()
    part = {"name": name if name != "/secret.txt" else str(place), "records": 1, "bytes": len(content)}
    manifest = run.root / "manifest.json"
    stages = json.loads(manifest.read_bytes())
    stages["export"]["parts"].setdefault(folder, []).append(part | {"sha256": hashlib.sha256(content).hexdigest()})
    manifest.write_text(json.dumps(stages))
    with serving() as server:
        for dry_run in (True, False):
            with pytest.raises(CorruptData, match=r"the manifest lists .*, which no export writes"):
                push(run, server, dry_run=dry_run)
        assert server.asked == []


def test_a_run_that_was_not_exported_is_refused(push: Pushing, run: RunDir) -> None:
    """With what to do."""
    manifest = run.root / "manifest.json"
    stages = json.loads(manifest.read_bytes())
    del stages["export"]
    manifest.write_text(json.dumps(stages))
    with serving() as server:
        with pytest.raises(ConfigError, match="export has not been run; run `export`"):
            push(run, server)
