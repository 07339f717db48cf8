"""What a purge finds where stages did not come to their end, and what it does not touch."""

import json
import shutil
from pathlib import Path

import msgspec
import pytest
from cleaning import LENIENT, of_rows
from command import lines, run
from generating import Asked, generated, journaled, replied, seeded
from purging import OWNER, mark, of_owner, purged, saying, words_of

from magicoder_gen.clean.markers import Markers
from magicoder_gen.errors import Drift
from magicoder_gen.generate import journal
from magicoder_gen.purge import pending, planning, stage, unanswered
from magicoder_gen.records import Failure, Intent, Origin, Prompt, Rejection, Reply
from magicoder_gen.storage import jsonl, optouts, shards
from magicoder_gen.storage.rundir import RunDir
from magicoder_gen.storage.shards import Layout


def unfinished(run: RunDir) -> None:
    """Leave `clean` as a killed one does: nothing written yet, but all embedded and judged."""
    entry = msgspec.structs.replace(run.stages()["clean"], state="running", counts=None, parts={})
    run.replace(
        {**{name: one for name, one in run.stages().items() if name not in ("clean", "export")}, "clean": entry}
    )
    for folder in ("samples", "rejections", "index", "data"):
        shutil.rmtree(run.folder(folder))


def test_what_was_judged_goes_although_clean_is_not_finished(made: Path, a_run: RunDir) -> None:
    """There is no row yet that would tell; the answers do."""
    words = words_of(made, of_owner(made))
    unfinished(a_run)
    assert "judgements" in {Path(name).parts[0] for name in saying(a_run.root, words)}
    staying = len(lines(a_run.root / "judgements" / "seeds"))
    done = purged(a_run, OWNER)
    assert saying(a_run.root, words) == {}
    assert done.removed["vectors"] > 0
    assert 0 < len(lines(a_run.root / "judgements" / "seeds")) < staying


def test_all_that_was_judged_of_rows_made_elsewhere_goes_while_clean_is_not_finished(a_run: RunDir) -> None:
    """Nothing tells of which rows it is; said once, and not again for what is listed already."""
    unfinished(a_run)
    for folder in ("seeds", "replies"):
        shutil.rmtree(a_run.folder(folder))
    a_run.replace({"clean": a_run.stages()["clean"]})
    done = purged(a_run, OWNER)
    assert lines(a_run.root / "judgements" / "seeds") == []
    assert done.removed["vectors"] > 5
    assert "all vectors and judgements are removed" in done.notes[-1] + done.notes[0]
    assert (purged(a_run, OWNER).removed, purged(a_run, OWNER).notes) == ({}, [])


ROW = {"problem": "Add one to a number.", "solution": "def f(x):\n    return x + 1", "id": "x1", "seed": "a = 1\n"}


def made_elsewhere(folder: Path, *given: dict[str, str]) -> RunDir:
    """A run of such rows."""
    of_rows(folder, given, msgspec.structs.replace(LENIENT, index=True, keep="first", checks=(), near=None))
    return RunDir(folder / "run")


def nameless(found: RunDir) -> None:
    """Forget where what is no row comes from."""
    rows = list(jsonl.read_parts(found.folder("rejections"), Rejection))
    without = [msgspec.structs.replace(row, seed=msgspec.structs.replace(row.seed, origin=Origin("x"))) for row in rows]
    shards.write_parts(found.folder("rejections"), without, Layout())


@pytest.mark.parametrize("is_of_before", [True, False])
def test_what_is_no_row_goes_by_what_it_says(tmp_path: Path, *, is_of_before: bool) -> None:
    """It keeps the whole line as its text; cleaned again, it does not come back."""
    bad = {"problem": "Halve it.", "solution": "", "repo": "Gone/Away", "path": "bad.py", "seed": "SECRET = 4"}
    found = made_elsewhere(tmp_path, {**ROW, "repo": "Keep/Me"}, bad, {**bad, "repo": "Keep/Too"})
    if is_of_before:  # releases before wrote where it comes from only there
        nameless(found)
    done = purged(found, "repo gone/away")
    assert (done.removed, done.entries) == ({"rejections": 1}, {"repo gone/away": 1})
    assert [json.loads(row["text"])["repo"] for row in lines(found.folder("rejections"))] == ["Keep/Too"]
    made_elsewhere(tmp_path, {**ROW, "repo": "Keep/Me"}, bad, {**bad, "repo": "Keep/Too"})
    assert saying(found.root, ["gone/away"]) == {}


def test_an_id_that_a_sample_shares_with_what_goes_stays(tmp_path: Path) -> None:
    """In the index, and where a duplicate names it."""
    repos = ("Keep/Me", "Gone/Away", "Third/One")
    found = made_elsewhere(tmp_path, *({**ROW, "repo": repo, "seed": f"{repo} = 1\n"} for repo in repos))
    [kept] = lines(found.folder("samples"))
    before = json.loads((found.root / "index" / "index.json").read_bytes())["rows"]
    assert purged(found, "repo gone/away").removed == {"rejections": 1}
    assert json.loads((found.root / "index" / "index.json").read_bytes())["rows"] == before == 1
    assert [row["evidence"]["kept"] for row in lines(found.folder("rejections"))] == [kept["id"]]


def test_how_far_sampling_came_goes_whatever_is_listed(a_run: RunDir) -> None:
    """It keeps texts and paths in forms that a name is not found in."""
    progress = a_run.folder("seeds") / "scan.progress"
    progress.write_bytes(b"anything")
    assert purged(a_run, "repo no/body").removed == {"sampling progress": 1}
    assert not progress.exists()


class Waiting:
    """A run of four seeds, of which those from `first` on were sent and never answered."""

    def __init__(self, folder: Path, first: int) -> None:
        self.run = seeded(folder / "r", 4)
        self.asked = Asked()
        generated(self.run, self.asked, price=None)
        kept = [entry for entry in journaled(self.run) if isinstance(entry, Intent) or entry.seed.index < first]
        (path,) = journal.part_paths(self.run.folder("replies"))
        path.write_bytes(b"".join(map(journal.encoded, kept)))

    def asks(self, seed: object) -> list[str]:
        """The ids of the prompts of a seed."""
        return [prompt.id for prompt in self.asked.prompts if prompt.seed == seed]

    def open(self) -> list[int]:
        """The seeds of requests without an outcome."""
        seeds = {prompt.id: prompt.seed.index for prompt in self.asked.prompts}
        done = {entry.prompt_id for entry in journaled(self.run) if not isinstance(entry, Intent)}
        sent = [entry.prompt_id for entry in journaled(self.run) if isinstance(entry, Intent)]
        return sorted(seeds[prompt] for prompt in sent if prompt not in done)

    def purge(self, *entries: str, asks: unanswered.Asks | None = None) -> dict[str, int]:
        """Purge; return what was removed."""
        path = self.run.root.parent / "list.txt"
        path.write_text("".join(f"{entry}\n" for entry in entries))
        return stage.run(self.run, path, export=lambda: None, asks=asks).removed


def test_requests_without_an_outcome_go_with_their_seeds(tmp_path: Path) -> None:
    """Others may have been paid, and go on to count; nothing is known of whom without plan and configuration."""
    waiting = Waiting(tmp_path, 2)
    assert waiting.open() == [2, 3]
    assert waiting.purge("path s3.py", asks=waiting.asks) == {"seeds": 1, "requests": 1}
    assert waiting.open() == [2]
    assert waiting.purge("path s2.py") == {"seeds": 1}
    assert waiting.purge("path s0.py", "path s1.py")["requests"] == 3


def test_the_plan_tells_of_whom_requests_are(tmp_path: Path) -> None:
    """Where the index has it."""
    waiting = Waiting(tmp_path, 4)
    with journal.part_path(waiting.run.folder("replies"), 0).open("ab") as file:
        file.write(journal.encoded(Intent(waiting.asks(waiting.asked.prompts[0].seed)[0], 1.0)))
    index = waiting.asked.prompts[0].seed.index
    assert waiting.purge(f"path s{index}.py")["requests"] == 2
    assert waiting.open() == []


def cut_off(prompt: Prompt) -> Reply:
    """Cut off however many tokens there are."""
    return replied(prompt, finish_reason="length")


def twice_redone(folder: Path) -> RunDir:
    """A run whose answers were asked for three times, each with more tokens; a line a part."""
    run = seeded(folder / "r", 2)
    for tokens in (None, 200, 400):
        generated(run, cut_off, redo_truncated=tokens)
    folder = run.folder("replies")
    every = [journal.encoded(entry) for entry in journaled(run)]
    for path in folder.iterdir():
        path.unlink()
    for number, line in enumerate(every):
        journal.part_path(folder, number).write_bytes(line)
    return run


@pytest.mark.parametrize("which", [0, 1, 2])
def test_an_answer_that_was_redone_twice_goes_whole(tmp_path: Path, which: int) -> None:
    """One line stays in its place, over all parts, and no request that would be uncertain."""
    run = twice_redone(tmp_path)
    family = [entry for entry in journaled(run) if isinstance(entry, Reply) and entry.seed.index == 0]
    assert len(family) == 3
    done = purged(run, f"id {family[which].prompt_id}")
    assert (done.removed["requests"], done.removed["replies"]) == (3, 3)
    known = {entry.prompt_id for entry in family}
    left = [entry for entry in journaled(run) if entry.prompt_id in known]
    assert [(type(entry), entry.prompt_id) for entry in left] == [(Failure, family[0].prompt_id)]
    assert purged(run, f"id {family[which].prompt_id}").removed == {}


def test_interrupted_between_two_parts_one_line_stays_too(tmp_path: Path) -> None:
    """In the place of the answer that went first."""
    run = twice_redone(tmp_path)
    family = [entry for entry in journaled(run) if isinstance(entry, Reply) and entry.seed.index == 0]
    path = tmp_path / "list.txt"
    path.write_text(f"id {family[0].prompt_id}\n")
    work = planning.planned(run, optouts.read(path), markers=Markers())
    pending.write(run.root, work)
    place = next(p for e, p, _ in journal.entries(run.folder("replies")) if e == family[0])
    instead = work.run.scope.placeholder(family[0])
    assert instead
    journal.part_path(run.folder("replies"), place.part).write_bytes(journal.encoded(instead))
    purged(run, f"id {family[0].prompt_id}")
    known = {entry.prompt_id for entry in family}
    assert [entry for entry in journaled(run) if entry.prompt_id in known] == [instead]


def test_a_torn_tail_of_an_answer_that_is_listed_goes(made: Path, a_run: RunDir) -> None:
    """Its seed stays; those of other seeds stay too."""
    sample, other = lines(made / "samples")[:2]
    torn = [row for row in journaled(a_run) if isinstance(row, Reply)]
    for number, row in enumerate((sample, other)):
        reply = next(entry for entry in torn if entry.prompt_id == row["prompt_id"])
        (a_run.folder("replies") / f"torn-part-00000-{number}.bin").write_bytes(journal.encoded(reply)[:-30])
    assert purged(a_run, f"id {sample['id']}").removed["torn tails"] == 1
    assert [path.name[-5:] for path in a_run.folder("replies").glob("torn*")] == ["1.bin"]
    assert saying(a_run.root, [mark(sample["seed"], "reply")]) == {}


def test_a_drift_that_was_accepted_stays_accepted(tmp_path: Path) -> None:
    """What serves for other prompts need not be accepted again; another one has to be."""
    run, asked = seeded(tmp_path / "r", 4), Asked()
    generated(run, asked)
    generated(run, asked, model="another", allow_drift=True)
    purged(run, "path s1.py")
    assert generated(run, asked, model="another").counts == generated(run, asked, model="another").counts
    assert len(asked.prompts) == 4
    with pytest.raises(Drift):
        generated(run, asked, model="a third")


def test_a_damaged_note_says_what_makes_all_right_again(made: Path, a_run: RunDir) -> None:
    """What it advises leaves nothing of what was listed, and no stage that `run` would not make and count anew."""
    shutil.copy(made.parent / "exam.jsonl", a_run.root.parent)
    path = a_run.root.parent / "list.txt"
    path.write_text(f"{OWNER}\n")
    work = planning.planned(a_run, optouts.read(path), markers=Markers())
    shards.write_file(a_run.root / "purge.pending", b"{")
    stage._distrust(a_run, work.run)
    stage._remove_made(a_run)
    stage._sift(a_run, msgspec.structs.replace(work.run, counts={}))  # as far as an interrupted one came
    stage._distrust(a_run, msgspec.structs.replace(work.run, stages=a_run.stages()))
    done = run("purge", "r", "--opt-out", path, cwd=a_run.root.parent)
    assert (done.returncode, "delete it, judgements/ and embeddings/" in done.stderr) == (65, True), done.stderr
    (a_run.root / "purge.pending").unlink()
    for name in ("judgements", "embeddings"):
        shutil.rmtree(a_run.root / name)
    assert run("purge", "r", "--opt-out", path, cwd=a_run.root.parent).returncode == 0
    assert {entry.state for entry in a_run.stages().values()} == {"partial"}
    assert saying(a_run.root, words_of(made, of_owner(made))) == {}
