"""Nothing is left of what was purged, everything else is as it was, and all that a run can do still works."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from builders import a_prompt, a_seed
from command import lines, products, run
from generating import generated, seeded
from purging import (
    OWNER,
    a_project,
    assert_counted,
    entries,
    listed,
    make,
    mark,
    of_owner,
    purged,
    raw,
    rows,
    saying,
    words_of,
)

from magicoder_gen import lineage, overview
from magicoder_gen.errors import CorruptData, TryLater
from magicoder_gen.fingerprint import digest
from magicoder_gen.generate import journal
from magicoder_gen.generate.teachers.batch_ledger import Ledger
from magicoder_gen.purge import stage
from magicoder_gen.records import Intent
from magicoder_gen.report import stage as report
from magicoder_gen.storage import jsonl, optouts, pushes
from magicoder_gen.storage.pushes import Pushed
from magicoder_gen.storage.rundir import RunDir


def vectors(root: Path) -> int:
    """How many vectors a run keeps."""
    [path] = (root / "embeddings").glob("*.sqlite")
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        return int(database.execute("SELECT count(*) FROM vectors").fetchone()[0])


def test_the_run_has_what_the_tests_are_about(made: Path) -> None:
    """Duplicates, refusals, paraphrases that a judge was asked about, vectors, an index, rows in two splits."""
    checks = {(row["check"], row["reason"]) for row in lines(made / "rejections")}
    assert {check for check, _ in checks} >= {"exact", "parse", "decontaminate"}
    assert list((made / "embeddings").glob("*.sqlite"))
    assert len(lines(made / "judgements" / "seeds")) > 3
    assert {path.name[:5] for path in (made / "data").rglob("*.parquet")} == {"train", "test-"}
    assert len(of_owner(made)) > 2


def test_no_byte_is_left_of_a_repository(made: Path, a_run: RunDir) -> None:
    """In no file, compressed or not: neither name nor place, text, answer nor id of anything that came of it."""
    gone = of_owner(made)
    words = words_of(made, gone) | {"owner1/thing"}
    before = saying(a_run.root, words)
    assert {Path(name).parts[0] for name in before} >= {
        "seeds",
        "replies",
        "samples",
        "rejections",
        "data",
        "judgements",
    }
    done = purged(a_run, OWNER)
    assert saying(a_run.root, words) == {}
    assert done.removed["seeds"] == done.removed["replies"] == done.removed["requests"] == len(gone)
    assert done.removed["samples"] + done.removed["rejections"] == len(gone)
    assert done.removed["vectors"] == vectors(made) - vectors(a_run.root) > 0
    assert json.loads((a_run.root / "index" / "index.json").read_bytes())["rows"] == len(lines(a_run.folder("samples")))
    assert done.removed["judgements: seeds"] > 0
    assert done.unmatched == []
    assert_counted(a_run)


def test_what_stays_keeps_its_bytes_and_order(made: Path, a_run: RunDir) -> None:
    """But for evidence that names a sample which is gone."""
    purged(a_run, OWNER)
    gone = {seed["id"] for seed in of_owner(made)}
    for folder in ("seeds", "samples", "replies"):
        before = [line for line in raw(made / folder) if not any(known.encode() in line for known in gone)]
        if folder == "replies":
            kept = {entry["prompt_id"] for entry in entries(a_run.root)}
            before = [line for line in before if any(known.encode() in line for known in kept)]
        assert raw(a_run.folder(folder)) == before
    ids = {row["id"] for row in rows(made) if row["seed"]["id"] in gone and row["id"]}
    wanted = [row for row in lines(made / "rejections") if row["seed"]["id"] not in gone]
    for row in wanted:
        if row["evidence"].get("kept") in ids:
            row["evidence"]["kept"] = f"opted_out-{digest(row['evidence']['kept'])[:8]}"
    assert lines(a_run.folder("rejections")) == wanted


def test_a_duplicate_of_what_goes_stays_rejected_and_does_not_name_it(made: Path, a_run: RunDir) -> None:
    """Nor does the report, which still tells clusters apart."""
    kept = next(row["evidence"]["kept"] for row in lines(made / "rejections") if row["check"] == "exact")
    repeated = [row["id"] for row in lines(made / "rejections") if row["evidence"].get("kept") == kept]
    purged(a_run, f"id {kept}")
    named = {row["id"]: row["evidence"].get("kept") for row in lines(a_run.folder("rejections"))}
    assert {named[row] for row in repeated} == {f"opted_out-{digest(kept)[:8]}"}
    report.write(a_run)
    assert saying(a_run.root, [kept]) == {}
    assert "a sample that was purged" in (a_run.root / "report.html").read_text()


def test_a_second_purge_changes_no_byte(a_run: RunDir) -> None:
    """Whatever was listed; and an entry that never covered anything is named each time."""
    assert purged(a_run, OWNER, "path src/d3", "repo no/body").unmatched == ["repo no/body"]
    before = {path: path.read_bytes() for path in a_run.root.rglob("*") if path.is_file()}
    again = purged(a_run, OWNER, "path src/d3", "repo no/body")
    assert (again.removed, again.unmatched) == ({}, ["repo no/body"])
    assert {path: path.read_bytes() for path in a_run.root.rglob("*") if path.is_file()} == before


def test_a_dry_run_says_the_same_and_changes_nothing(a_run: RunDir) -> None:
    """Not even the times of files, but for what SQLite keeps beside its own to read them."""
    files = [path for path in a_run.root.rglob("*") if path.is_file() and not path.name.endswith("-shm")]
    before = {path: path.stat().st_mtime_ns for path in files}
    planned = purged(a_run, OWNER, "id 0123", dry_run=True)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert not (a_run.root / optouts.LEDGER).exists()
    done = purged(a_run, OWNER, "id 0123")
    assert (planned.removed, planned.entries, planned.unmatched) == (done.removed, done.entries, done.unmatched)


def test_the_commands_of_a_run_work_afterwards_and_send_nothing(a_run: RunDir, made: Path) -> None:
    """What was complete is; what is made anew by force asks nobody; a stage's own count is what the manifest says."""
    shutil.copy(made.parent / "exam.jsonl", a_run.root.parent)
    assert run("purge", "r", "--opt-out", listed(a_run, OWNER), cwd=a_run.root.parent).returncode == 0
    counts = {name: entry.counts for name, entry in a_run.stages().items()}
    journal = raw(a_run.folder("replies"))
    again = run("run", "--run", "r", cwd=a_run.root.parent)
    assert (again.returncode, again.stderr.count("nothing to do")) == (0, 4), again.stderr
    assert overview.status(a_run).replies == len([entry for entry in entries(a_run.root) if entry["record"] == "reply"])
    assert lineage.look(a_run, None, 3).rows
    assert report.write(a_run).samples == len(lines(a_run.folder("samples")))
    stages = a_run.stages()
    stages["generate"] = msgspec.structs.replace(stages["generate"], state="partial")
    a_run.replace(stages)
    assert run("generate", "--run", "r", cwd=a_run.root.parent).returncode == 0
    assert a_run.stages()["generate"].counts == counts["generate"]
    assert raw(a_run.folder("replies")) == journal


def test_what_was_purged_does_not_come_back_with_more_seeds(tmp_path: Path) -> None:
    """The corpus still has it; what else the run holds is extended, and only new seeds are asked."""
    with a_project(tmp_path, clean={"near": None, "max_rejected": 0.9}):
        root = make(tmp_path)
        known = {(seed["id"], seed["index"]) for seed in lines(root / "seeds")}
        gone = {(seed["id"], seed["index"]) for seed in of_owner(root)}
        purged(RunDir(root), OWNER)
        grown = run("run", "c.yaml", "--run", "r", "--num", 40, "--json", cwd=tmp_path)
    assert grown.returncode == 0, grown.stderr
    now = {(seed["id"], seed["index"]) for seed in lines(root / "seeds")}
    assert now > known - gone
    assert not now & gone
    assert of_owner(root) == []
    counts = json.loads(grown.stdout)["stages"]["sample"]["counts"]
    assert counts["reasons"]["opted_out"] == 8
    assert counts["in"] == counts["out"] + sum(counts["reasons"].values())
    asked = [entry["prompt_id"] for entry in entries(root) if entry["record"] == "intent"]
    assert len(asked) == len(set(asked)) == len(now)
    assert sorted(row["seed"]["index"] for row in rows(root)) == sorted(index for _, index in now)
    assert saying(root, ["owner1/thing"]) == {}


def test_what_lies_beside_goes_too(made: Path, a_run: RunDir) -> None:
    """Torn tails, files half written, how far sampling came, the report, what an export killed half way left."""
    gone = of_owner(made)[0]
    journal = next(a_run.folder("replies").glob("part-*.jsonl"))
    reply = next(line for line in raw(a_run.folder("replies")) if gone["id"].encode() in line)
    staying = next(line for line in raw(a_run.folder("replies")) if b'"reply"' in line and b"Owner2" in line)
    (a_run.folder("replies") / "torn-part-00000-7.bin").write_bytes(reply[:-20])
    (a_run.folder("replies") / "torn-part-00000-9.bin").write_bytes(staying[:-20])
    with journal.open("ab") as file:
        file.write(reply[:-9])
    (a_run.folder("seeds") / "scan.progress").write_bytes(b"Owner1/Thing")
    for name in ("seeds/part-00000.jsonl.tmp", "data/.export/part.parquet", "clean.scratch/rows/lines", ".x.tmp"):
        path = a_run.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(reply)
    done = purged(a_run, OWNER)
    assert saying(a_run.root, words_of(made, of_owner(made)) | {"owner1/thing"}) == {}
    assert [path.name for path in a_run.folder("replies").glob("torn-*")] == ["torn-part-00000-9.bin"]
    assert (done.removed["torn tails"], done.removed["sampling progress"]) == (2, 1)
    assert "report" in done.notes[0]


def test_compressed_parts_are_rewritten_compressed(tmp_path: Path) -> None:
    """And a part of which nothing is left is gone."""
    layout = {"compression": "zstd", "shard_bytes": 900}
    with a_project(tmp_path, storage=layout, clean={"near": None, "max_rejected": 0.9}):
        root = make(tmp_path)
    words = words_of(root, of_owner(root))
    numbers = {folder: len(jsonl.parts(root / folder)) for folder in ("seeds", "samples")}
    purged(RunDir(root), OWNER, "path src/d2")
    assert saying(root, words) == {}
    for folder, number in numbers.items():
        assert 0 < len(jsonl.parts(root / folder)) < number
        assert {path.suffix for path in jsonl.parts(root / folder)} == {".zst"}
    stages = RunDir(root).stages()
    for name, entry in stages.items():
        assert RunDir(root).is_complete(name, entry.inputs), name  # type: ignore[arg-type]


def test_everything_can_be_purged(a_run: RunDir) -> None:
    """Then there is nothing to export, which is said, and no row is left anywhere."""
    done = purged_without_export(a_run)
    assert "data/ is removed" in done.notes[-1]
    assert not a_run.folder("data").exists()
    assert lines(a_run.folder("seeds")) == rows(a_run.root) == entries(a_run.root) == []


def purged_without_export(run: RunDir) -> Any:
    """Purge all repositories; nothing can be exported then."""
    path = listed(run, *(f"repo owner{n}/thing" for n in range(5)))
    return stage.run(run, path, export=lambda: "there are no samples")


def test_batches_under_way_are_refused(tmp_path: Path) -> None:
    """Their answers would come back; nothing is changed."""
    root = seeded(tmp_path / "r", 2)
    generated(root)
    with Ledger(root.folder("replies") / "batches") as ledger:
        ledger.add([a_prompt(a_seed("x = 9\n"), id="p9")])
    with journal.part_path(root.folder("replies"), 0).open("ab") as file:
        file.write(journal.encoded(Intent("p9", 0.0)))
    with pytest.raises(TryLater, match="collect them with `generate` first"):
        purged(root, "path s0.py")


def test_what_batches_leave_behind_goes(a_run: RunDir, made: Path) -> None:
    """SQLite keeps in its file what was deleted from it."""
    folder, seed = a_run.folder("replies") / "batches", of_owner(made)[0]
    with Ledger(folder) as ledger:
        ledger.add([a_prompt(a_seed(seed["text"] * 99), id="p9")])
        ledger.remove("p9")
    (folder / "output-00001.jsonl").write_text(seed["text"])
    assert any(mark(seed).encode() in path.read_bytes() for path in folder.iterdir())
    purged(a_run, OWNER)
    assert saying(a_run.root, [mark(seed)]) == {}


def test_rows_made_elsewhere_do_not_come_back(tmp_path: Path) -> None:
    """Their file still has them: cleaned again, they are no rows."""
    given = [{"problem": f"Do {n} things.", "solution": f"f({n}) or g({n})", "repo": f"o/r{n % 3}"} for n in range(9)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in given))
    command = ("run", "--run", "r", "--set", "clean.checks=[]", "--set", "clean.near=null")
    (tmp_path / "c.yaml").write_text(json.dumps({"clean": {"input": {"paths": ["rows.jsonl"]}}}))
    assert run(command[0], "c.yaml", *command[1:], cwd=tmp_path).returncode == 0
    root = RunDir(tmp_path / "r")
    sample = next(row for row in lines(root.folder("samples")) if row["seed"]["origin"]["repo"] == "o/r0")
    done = purged(root, "repo O/R1", f"id {sample['id']}")
    assert done.removed == {"samples": 4}
    assert_counted(root)
    again = run("clean", "c.yaml", *command[1:], "--set", "clean.exact=null", "--json", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["stages"]["clean"]["counts"] == {"in": 5, "out": 5, "reasons": {}}
    assert "4 rows" in again.stderr
    assert saying(root.root, ["o/r1", sample["id"]]) == {}
    (tmp_path / "all.txt").write_text("repo o/r0\nrepo o/r2\n")
    assert run("purge", "r", "--opt-out", "all.txt", cwd=tmp_path).returncode == 0
    for more in ((), ("--set", "clean.exact=null")):
        nothing = run("clean", "c.yaml", *command[1:], *more, cwd=tmp_path)
        assert nothing.returncode == 3
        assert "nothing is left to clean, since purges.jsonl lists what was purged" in nothing.stderr


def test_a_damaged_file_ends_it_and_what_was_begun_can_be_finished(a_run: RunDir) -> None:
    """Before anything changes: all files are read first."""
    path = next(a_run.folder("samples").glob("part-*"))
    whole = path.read_bytes()
    path.write_bytes(whole + b"{\n")
    before = products(a_run.root)
    with pytest.raises(CorruptData, match="part-00000"):
        purged(a_run, OWNER)
    assert products(a_run.root) == before
    path.write_bytes(whole)
    assert purged(a_run, OWNER).removed


def test_files_of_others_are_named_and_left_alone(a_run: RunDir) -> None:
    """Nobody but their owner knows what is in them."""
    for name in ("notes.txt", "data/mine.txt"):
        (a_run.root / name).write_text("mine")
    assert purged(a_run, OWNER).notes[-1].endswith("writes it: data/mine.txt, notes.txt")
    assert (a_run.root / "notes.txt").read_text() == (a_run.root / "data/mine.txt").read_text() == "mine"


def test_where_rows_were_published_is_said(a_run: RunDir) -> None:
    """A purge does not reach there."""
    pushes.note(a_run.root, Pushed("2026-05-04T00:00:00+00:00", "https://hub", "me/pairs", "main", "c", 9, 1, 9, 0))
    assert "https://hub/datasets/me/pairs, main" in purged(a_run, OWNER).notes[-1]
    assert purged(a_run, OWNER).notes == []


def test_the_command_says_what_it_did(a_run: RunDir) -> None:
    """As text or JSON; exit code 0 where nothing matched."""
    path = listed(a_run, "# asked for in May", "", OWNER, "repo no/body")
    done = run("purge", "r", "--opt-out", path, "--json", cwd=a_run.root.parent)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["removed"]["seeds"] == said["removed"]["replies"]
    assert said["unmatched"] == ["repo no/body"]
    [line] = [json.loads(line) for line in (a_run.root / "purges.jsonl").read_text().split("\n") if line]
    assert [entry["value"] for entry in line["entries"]] == ["owner1/thing", "no/body"]
    again = run("purge", "r", "--opt-out", path, cwd=a_run.root.parent)
    assert (again.returncode, again.stdout) == (0, "nothing removed\nmatched nothing: repo no/body\n")
    path.write_text("repo no/body\nwhat is this\n")
    wrong = run("purge", "r", "--opt-out", path, cwd=a_run.root.parent)
    assert (wrong.returncode, f"{path.name}:2" in wrong.stderr) == (78, True)
