"""From a run to the hub: what is sent, what is not, and what becomes of what was there."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from exporting import files
from hub_repositories import Repository
from hub_upload_server import ORGANISATION, TOKEN, UploadServer, serving
from pushing import a_pushable_run

from magicoder_gen import __version__
from magicoder_gen.errors import ConfigError, CorruptData, NotAuthorised, TryLater
from magicoder_gen.export.card import Card
from magicoder_gen.push import stage
from magicoder_gen.push.stage import Push
from magicoder_gen.storage import pushes
from magicoder_gen.storage.rundir import PURGING, RunDir

Pushing = Callable[..., Push]
FOREIGN = {
    ".gitattributes": b"theirs\n",
    "messages/notes.txt": b"theirs\n",
    "messages/Train-00000-of-00001.jsonl": b"theirs\n",
    "messages/deep/train-00000-of-00001.jsonl": b"theirs\n",
    "pictures/train-00000-of-00001.jsonl": b"theirs\n",
    "train-00000-of-00001.jsonl": b"theirs\n",
}


def theirs(server: UploadServer, files: dict[str, bytes], name: str = "owner/pairs", *, private: bool = True) -> None:
    """Put a repository there that somebody else has filled."""
    server.repositories[name] = Repository(private=private)
    server.repositories[name].commit("main", files, "theirs")


def states(push: Push) -> dict[str, str]:
    """How each file was found."""
    return {file.path: file.state for file in push.plan.files}


def test_the_repository_holds_what_the_export_lists_and_nothing_else(push: Pushing, run: RunDir) -> None:
    """One commit, byte for byte; drafts, hidden and foreign files below data/ stay here."""
    exported = files(run)
    data = run.folder("data")
    (data / ".export" / "messages").mkdir(parents=True)
    (data / ".export" / "messages" / "train-00000-of-00001.jsonl").write_text("draft")
    (data / ".secret").write_text("mine")
    (data / "messages" / "notes.txt").write_text("mine")
    with serving() as server:
        done = push(run, server)
        repository = server.repositories["owner/pairs"]
        found = repository.files()
        del found[".gitattributes"]
        assert found == exported
        assert repository.branches["main"] == done.commit
        assert repository.messages[1:] == [f"40 rows by magicoder-gen {__version__}"]


@pytest.mark.parametrize("public", [False, True])
def test_a_new_repository_is_private_unless_asked_otherwise(push: Pushing, run: RunDir, *, public: bool) -> None:
    """The request that makes it says so; what is printed as well."""
    with serving() as server:
        done = push(run, server, f"{ORGANISATION}/pairs", public=public)
        visibility = "public" if public else "private"
        asked = {"name": "pairs", "organization": ORGANISATION, "type": "dataset", "visibility": visibility}
        assert server.created == [asked]
        assert f"was made, {visibility}" in stage.lines(done)[0]


def test_who_sees_an_existing_repository_is_not_changed(push: Pushing, run: RunDir) -> None:
    """Neither a private one by --public, nor a public one by its absence; what it is, is told."""
    with serving() as server:
        theirs(server, {}, private=True)
        theirs(server, {}, "owner/open", private=False)
        assert "is there, private" in stage.lines(push(run, server, public=True))[0]
        assert "is there, public: everybody can read it" in stage.lines(push(run, server, "owner/open"))[0]
        assert [repository.private for repository in server.repositories.values()] == [True, False]
        assert not server.created


def test_nothing_is_sent_to_a_public_repository_that_was_to_be_private(push: Pushing, run: RunDir) -> None:
    """Somebody else may make it between our looking and our making it."""
    with serving() as server:

        def meanwhile(key: str, _number: int) -> None:
            if key == "POST /api/repos/create":
                theirs(server, {}, private=False)

        server._behaviour = meanwhile
        with pytest.raises(ConfigError, match="is public, and was to be private; nothing was sent"):
            push(run, server)
        assert server.received == 0
        assert len(server.repositories["owner/pairs"].messages) == 2


@pytest.mark.parametrize("before", [None, FOREIGN])
@pytest.mark.parametrize("token", [TOKEN, ""])
def test_a_dry_run_only_asks(
    push: Pushing, run: RunDir, monkeypatch: pytest.MonkeyPatch, before: dict[str, bytes] | None, token: str
) -> None:
    """No request of it changes anything, here or there."""
    monkeypatch.setenv("HF_TOKEN", token)
    here = {path: path.stat().st_mtime_ns for path in run.root.rglob("*")}
    with serving() as server:
        if before is not None:
            theirs(server, before, private=False)
        told = push(run, server, dry_run=True)
        assert server.asked
        assert server.changes() == []
        assert states(told) == dict.fromkeys(files(run), "new")
        assert ("there is no token" in " ".join(told.plan.notes)) is (not token)
    assert {path: path.stat().st_mtime_ns for path in run.root.rglob("*")} == here


def test_what_is_unchanged_is_not_sent_again(push: Pushing, run: RunDir) -> None:
    """Large files are known by their SHA-256, small ones by what git calls them; no commit is made for nothing."""
    with serving() as server:
        push(run, server)
        received, commits = server.received, len(server.repositories["owner/pairs"].commits)
        server.asked.clear()
        again = push(run, server)
        assert again.commit is None
        assert set(states(again).values()) == {"unchanged"}
        assert stage.lines(again)[-1] == "nothing to send: the repository holds what the export holds"
        assert server.changes() == []
        assert (server.received, len(server.repositories["owner/pairs"].commits)) == (received, commits)


def test_files_of_an_earlier_push_go_and_others_stay(push: Pushing, run: RunDir) -> None:
    """What the export has no more goes in the commit that brings the new files; nobody else's file is touched."""
    many = a_pushable_run(run.root.parent / "many", shard_bytes=3000, splits={"train": 1, "test": 1})
    with serving() as server:
        theirs(server, FOREIGN)
        push(many, server)
        told = push(run, server, dry_run=True)
        stale = {path for path in files(many) if path not in files(run)}
        assert len(stale) > 4
        assert set(told.plan.removed) == stale
        assert told.plan.others == len(FOREIGN)
        done = push(run, server)
        repository = server.repositories["owner/pairs"]
        assert repository.files() == FOREIGN | files(run)
        assert done.commit == repository.branches["main"]
        assert len(repository.messages) == 4


def test_rows_that_were_purged_leave_the_branch(push: Pushing, run: RunDir) -> None:
    """An export without some rows replaces them at the head; earlier commits still have them, as the docs say."""
    with serving() as server:
        before = push(run, server).commit
        push(a_pushable_run(run.root, 39), server)
        repository = server.repositories["owner/pairs"]
        assert before is not None
        path = "messages/train-00000-of-00001.jsonl"
        assert b'"id39"' not in repository.files()[path]
        assert b'"id39"' in repository.files(before)[path]


def test_all_rows_can_be_taken_back(push: Pushing, run: RunDir) -> None:
    """Card and rows go in one commit, others' files stay; the run need not hold an export any more."""
    with serving() as server:
        theirs(server, FOREIGN)
        push(run, server)
        shutil.rmtree(run.folder("data"))
        planned = push(run, server, dry_run=True, withdraw=True)
        assert set(planned.plan.removed) == set(server.repositories["owner/pairs"].files()) - set(FOREIGN)
        assert "all rows go: earlier commits still have them" in stage.lines(planned)[1]
        done = push(run, server, withdraw=True)
        assert server.repositories["owner/pairs"].files() == FOREIGN
        assert server.repositories["owner/pairs"].messages[-1] == "All rows withdrawn"
        assert stage.lines(done)[-1] == f"took back {len(planned.plan.removed)} files: commit {done.commit}"
        again = push(run, server, withdraw=True)
        assert again.commit is None
        assert stage.lines(again)[-1] == "nothing to remove: the repository has no file that an export wrote"


def test_what_is_to_be_taken_back_may_be_unknown(push: Pushing, run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that does not answer may hold every row."""
    monkeypatch.setenv("HF_TOKEN", "")
    with serving() as server:
        pass
    told = stage.lines(push(run, server, dry_run=True, withdraw=True))
    assert told[-1] == "dry run, nothing was done: what is to take back is not known"


def test_half_a_purge_is_not_published(push: Pushing, run: RunDir) -> None:
    """Not even as a plan."""
    (run.root / PURGING).write_text("{}")
    with serving() as server, pytest.raises(TryLater, match="a purge was interrupted"):
        push(run, server, dry_run=True)


def test_nothing_is_made_only_to_take_rows_back(push: Pushing, run: RunDir) -> None:
    """A repository that is not there holds no rows."""
    with serving() as server:
        done = push(run, server, withdraw=True)
        assert not server.created
        assert "is not there" in stage.lines(done)[0]


def test_a_branch_is_made_from_main(push: Pushing, run: RunDir) -> None:
    """Main stays as it is; without anything to send, the branch is made all the same."""
    with serving() as server:
        theirs(server, FOREIGN)
        assert "the branch would be made from main" in stage.lines(push(run, server, revision="next", dry_run=True))[0]
        push(run, server, revision="next")
        repository = server.repositories["owner/pairs"]
        assert repository.files() == FOREIGN
        assert repository.files("next") == FOREIGN | files(run)
        push(run, server)
        assert push(run, server, revision="third").commit is None
        assert repository.files("third") == FOREIGN | files(run)


@pytest.mark.parametrize("revision", ["", "a b", "-x", "refs/pr/1", "a..b", "x/", "x.lock", "0" * 40])
def test_what_is_no_branch_is_refused_before_the_hub_is_asked(push: Pushing, run: RunDir, revision: str) -> None:
    """A commit or a tag cannot be pushed to, and git allows no such names."""
    with serving() as server:
        with pytest.raises(ConfigError, match="--revision"):
            push(run, server, revision=revision)
        assert server.asked == []


def test_the_message_is_what_was_asked_for(push: Pushing, run: RunDir) -> None:
    """As the commit's summary."""
    with serving() as server:
        push(run, server, message="Without the rows of o/r7")
        assert server.repositories["owner/pairs"].messages[-1] == "Without the rows of o/r7"


def test_a_gitignore_there_leaves_nothing_out(push: Pushing, run: RunDir) -> None:
    """The hub would leave out what it names, and say nothing."""
    path = "messages/train-00000-of-00001.jsonl"
    with serving() as server:
        theirs(server, {".gitignore": f"{path}\n".encode()})
        push(run, server)
        assert server.repositories["owner/pairs"].files()[path] == files(run)[path]


def test_a_card_that_the_hub_refuses_is_told_before_anything_is_sent(push: Pushing, tmp_path: Path) -> None:
    """A name of a licence that the hub does not know, for one."""
    run = a_pushable_run(tmp_path / "run", card=Card(license="no-such-licence"))
    with serving() as server:
        with pytest.raises(ConfigError, match=r'refuses the card README\.md: "license" must be one of'):
            push(run, server)
        assert server.changes() == []


def test_the_licence_of_the_card_is_told(push: Pushing, tmp_path: Path) -> None:
    """So that nobody publishes without one, or with a wrong one, unawares."""
    with serving() as server:
        licensed = push(a_pushable_run(tmp_path / "a", card=Card(license="cc0-1.0")), server, dry_run=True)
        assert stage.lines(licensed)[1] == "40 rows; the card says: licence cc0-1.0"
        assert (
            "no licence (set export.card.license)"
            in stage.lines(push(a_pushable_run(tmp_path / "b"), server, dry_run=True))[1]
        )


def test_somebody_elses_commit_is_not_run_over(push: Pushing, run: RunDir) -> None:
    """It is upon what was looked at, or not at all; the same command then looks anew and sends no file twice."""
    with serving() as server:
        theirs(server, {})
        repository = server.repositories["owner/pairs"]
        server.before_commit = lambda: repository.commit("main", {"x": b"theirs"}, "faster") and None
        with pytest.raises(TryLater, match=r"somebody else changed it meanwhile .*; run the same command again"):
            push(run, server)
        assert repository.files() == {"x": b"theirs"}
        received = server.received
        server.before_commit = lambda: None
        push(run, server)
        assert repository.files() == {"x": b"theirs"} | files(run)
        assert server.received == received > 0


def test_where_rows_went_is_remembered(push: Pushing, run: RunDir) -> None:
    """A line a commit, none for a dry run or where nothing changed."""
    with serving() as server:
        push(run, server, dry_run=True)
        done = push(run, server)
        push(run, server)
        (noted,) = pushes.read(run.root)
        assert noted.commit == done.commit
        assert (noted.hub, noted.repository, noted.revision) == (server.url, "owner/pairs", "main")
        assert (noted.rows, noted.files, noted.bytes) == (40, 5, sum(map(len, files(run).values())))


def test_nothing_is_published_that_cannot_be_remembered(push: Pushing, run: RunDir) -> None:
    """Large files may be there, which nobody sees; a commit is not asked for."""
    (run.root / pushes.NAME).mkdir()
    with serving() as server:
        with pytest.raises(CorruptData, match=r"pushes\.jsonl: Is a directory; make it readable"):
            push(run, server)
        assert len(server.repositories["owner/pairs"].messages) == 1


def test_rows_that_another_machine_sent_are_remembered(push: Pushing, run: RunDir) -> None:
    """A run whose list was lost, or a copy of it: what the repository holds is noted once."""
    with serving() as server:
        push(run, server)
        (run.root / pushes.NAME).unlink()
        for _ in range(2):
            push(run, server)
        (noted,) = pushes.read(run.root)
        assert noted.commit == server.repositories["owner/pairs"].branches["main"]
        push(run, server, revision="next")
        assert [line.revision for line in pushes.read(run.root)] == ["main", "next"]


def test_nobody_writes_to_the_run_meanwhile(push: Pushing, run: RunDir) -> None:
    """What is being sent must not be replaced by another export."""
    with serving() as server:
        with run.locked(), pytest.raises(TryLater, match="is in use by"):
            push(run, server)
        assert server.changes() == []


@pytest.mark.parametrize(
    "name", ["pairs", "a/b/c", "owner/-x", "owner/a--b", "owner/a..b", "owner/x.git", "owner/ü", ""]
)
def test_a_name_that_no_hub_allows_is_refused_before_it_is_asked(push: Pushing, run: RunDir, name: str) -> None:
    """In one line that says what is allowed."""
    with serving() as server:
        for dry_run in (True, False):
            with pytest.raises(ConfigError, match="OWNER/NAME"):
                push(run, server, name, dry_run=dry_run)
        assert server.asked == []


def test_a_token_that_may_not_write_is_told_before_anything_is_sent(push: Pushing, run: RunDir) -> None:
    """A dry run says so too, and goes on."""
    with serving(role="read") as server:
        assert push(run, server, dry_run=True).plan.notes == [
            "the token of owner may only read; use one that may write"
        ]
        with pytest.raises(NotAuthorised, match="may only read"):
            push(run, server)
    with serving() as server:
        with pytest.raises(NotAuthorised, match="bob is neither the account owner nor one of its organisations"):
            push(run, server, "bob/pairs")
        assert server.changes() == []


def test_a_push_needs_no_configuration_of_its_run(push: Pushing, run: RunDir) -> None:
    """A run that was moved or made elsewhere can be published: manifest and files are all that is read."""
    elsewhere = run.root.parent / "moved"
    shutil.move(run.root, elsewhere)
    with serving() as server:
        assert push(RunDir(elsewhere), server).commit
