"""A hub that misbehaves: what is asked again, what is told, and that no secret is."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from exporting import files
from hub_repositories import Repository
from hub_upload_server import CUT, LOST, TOKEN, Answer, Behaviour, serving

from magicoder_gen import __version__
from magicoder_gen.errors import ConfigError, CorpusUnreachable, MagicoderError, NotAuthorised, TryLater
from magicoder_gen.push import exported, stage
from magicoder_gen.push.stage import Push
from magicoder_gen.sample.corpora import hub_patience
from magicoder_gen.storage import pushes
from magicoder_gen.storage.rundir import RunDir

Pushing = Callable[..., Push]
WHOAMI, CREATE = "GET /api/whoami-v2", "POST /api/repos/create"
INFO, TREE = "GET /api/datasets/owner/pairs/revision/main", "GET /api/datasets/owner/pairs/tree/"
PREUPLOAD, COMMIT = "POST /api/datasets/owner/pairs/preupload/main", "POST /api/datasets/owner/pairs/commit/main"
VALIDATE = "POST /api/validate-yaml"
BATCH, STORAGE = "POST /datasets/owner/pairs.git/info/lfs/objects/batch", "PUT /objects/"
REFUSAL = "<Error><AWSAccessKeyId>AKIAS3cr3t</AWSAccessKeyId></Error>"
FOREVER = 1000


def failing(where: str, answer: Answer, times: int) -> Behaviour:
    """A hub that answers so whatever begins with `where`, each so many times."""
    return lambda key, number: answer if key.startswith(where) and number <= times else None


def said(status: int, message: str = "", **headers: str) -> Answer:
    """An answer with the hub's own words."""
    return status, headers | ({"X-Error-Message": message} if message else {}), ""


@pytest.mark.parametrize("where", [WHOAMI, INFO, CREATE, PREUPLOAD, BATCH, STORAGE, COMMIT])
@pytest.mark.parametrize("answer", [said(503), said(500), (429, {"Retry-After": "0"}, ""), CUT])
def test_what_passes_is_waited_for(push: Pushing, run: RunDir, where: str, answer: Answer) -> None:
    """A busy or restarting hub, a connection that breaks in the middle of a file: asked again until all is there."""
    with serving(failing(where, answer, 2)) as server:
        done = push(run, server)
        repository = server.repositories["owner/pairs"]
        assert done.commit == repository.branches["main"]
        assert {path: repository.files()[path] for path in files(run)} == files(run)
        assert len(repository.messages) == 2


def test_a_storage_link_that_has_expired_is_asked_for_anew(push: Pushing, run: RunDir) -> None:
    """It answers 403, which is not about the token."""
    with serving(failing(STORAGE, (403, {}, REFUSAL), 1)) as server:
        assert push(run, server).commit


@pytest.mark.parametrize(
    ("where", "answer", "kind", "message"),
    [
        (
            WHOAMI,
            said(429),
            TryLater,
            "asks to be left alone for a while: it answers 429; the same command goes on later",
        ),
        (PREUPLOAD, said(429), TryLater, "asks to be left alone for a while"),
        (WHOAMI, said(500), CorpusUnreachable, "it answers 500; the same command goes on later"),
        (STORAGE, CUT, CorpusUnreachable, "cannot reach .*/datasets/owner/pairs: .*; the same command goes on later"),
        (STORAGE, (400, {}, REFUSAL), ConfigError, "refuses it with 400; correct what it names"),
        (COMMIT, said(502), CorpusUnreachable, "it answers 502"),
        (INFO, said(401, "Invalid credentials in Authorization header"), NotAuthorised, "HF_TOKEN is refused"),
        (CREATE, said(403, "No rights."), NotAuthorised, r"HF_TOKEN is refused \(No rights\); use one that may write"),
        (CREATE, said(402, "Pay."), TryLater, r"no room for it \(Pay\); make room"),
        (CREATE, said(404), ConfigError, "knows no such place"),
        (COMMIT, said(403, "Storage limit."), NotAuthorised, "Storage limit"),
        (COMMIT, said(413), TryLater, "no room for it"),
        (
            COMMIT,
            said(409, "Busy."),
            TryLater,
            r"somebody else changed it meanwhile \(Busy\); run the same command again",
        ),
        (COMMIT, (200, {}, "<html>log in</html>"), CorpusUnreachable, "does not answer as a hub does"),
        (INFO, (200, {}, "[]"), CorpusUnreachable, "does not answer as a hub does"),
        (TREE, (200, {}, '[{"x":1}]'), CorpusUnreachable, "does not answer as a hub does"),
        (BATCH, (200, {}, "{}"), CorpusUnreachable, "cannot reach"),
    ],
)
def test_what_stays_is_told_in_one_line(  # noqa: PLR0917  # a row of the table
    push: Pushing,
    run: RunDir,
    caplog: pytest.LogCaptureFixture,
    where: str,
    answer: Answer,
    kind: type[MagicoderError],
    message: str,
) -> None:
    """By its kind, which is the exit code; without token and link; and the same command goes on when it is over."""
    caplog.set_level(logging.DEBUG)
    with serving(failing(where, answer, FOREVER)) as server:
        if where == TREE:  # which is asked for where there is one
            server.repositories["owner/pairs"] = Repository(private=True)
        with pytest.raises(kind, match=message) as raised:
            push(run, server)
        shown = [r for r in caplog.records if r.levelno >= logging.WARNING or r.name.startswith("magicoder_gen")]
        told = " ".join([str(raised.value), *(record.getMessage() for record in shown)])
        assert "\n" not in str(raised.value)
        assert len(str(raised.value)) < 400
        assert not any(secret in told for secret in (TOKEN, "s3cr3t", "S3cr3t"))
        server._behaviour = lambda _key, _number: None
        assert push(run, server).commit == server.repositories["owner/pairs"].branches["main"]


def test_a_hub_that_asks_for_time_gets_it_and_the_log_says_so(
    push: Pushing, run: RunDir, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody else can tell why nothing happens."""
    monkeypatch.setattr(hub_patience, "_SAID_FROM", 0.0)
    with serving(failing(PREUPLOAD, (429, {"Retry-After": "0"}, ""), 1)) as server:
        push(run, server)
        assert f"push: waiting 0 s for {server.url}: it answers 429" in caplog.messages


def test_a_commit_whose_answer_was_lost_is_not_made_twice(push: Pushing, run: RunDir) -> None:
    """The second try is upon another commit, so it is refused; the next command finds that all is there, and where.

    That rows may be there is known from the moment on that the commit was asked for.
    """
    with serving(failing(COMMIT, LOST, 1)) as server:
        with pytest.raises(TryLater, match="run the same command again"):
            push(run, server)
        assert len(server.repositories["owner/pairs"].messages) == 2
        assert [(line.repository, line.commit) for line in pushes.read(run.root)] == [("owner/pairs", None)]
        assert stage.lines(push(run, server))[-1].startswith("nothing to send")
        assert len(server.repositories["owner/pairs"].messages) == 2
        made = server.repositories["owner/pairs"].branches["main"]
        push(run, server)
        assert [line.commit for line in pushes.read(run.root)] == [None, made]


@pytest.mark.parametrize(
    ("where", "status"),
    [(PREUPLOAD, status) for status in (400, 402, 403, 404, 409, 418)] + [(VALIDATE, 400), (STORAGE, 400)],
)
@pytest.mark.parametrize("by", ["header", "body"])
def test_a_token_that_is_sent_back_is_not_shown(push: Pushing, run: RunDir, where: str, status: int, by: str) -> None:
    """By a hub, or by a proxy that shows what it was asked."""
    error = {"error": f"Bearer {TOKEN}", "errors": [{"message": f"you are\x1b[2J {TOKEN}"}]}
    answer = said(status, f"bad {TOKEN}") if by == "header" and where != VALIDATE else (status, {}, json.dumps(error))
    with serving(failing(where, answer, FOREVER)) as server, pytest.raises(MagicoderError) as raised:
        push(run, server)
    assert TOKEN not in str(raised.value)
    assert "\x1b" not in str(raised.value)
    assert where == STORAGE or "[token]" in str(raised.value)


def test_a_dry_run_does_not_show_it_either(push: Pushing, run: RunDir) -> None:
    """What it could not find out goes to stdout, and so does the name of the account."""
    with serving(failing(INFO, (418, {}, json.dumps({"error": TOKEN})), FOREVER)) as server:
        with pytest.raises(MagicoderError, match=r"\[token\]"):
            push(run, server, dry_run=True)
    with serving(failing(WHOAMI, (200, {}, json.dumps({"name": TOKEN})), FOREVER)) as server:
        assert TOKEN not in "\n".join(stage.lines(push(run, server, dry_run=True)))


@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_list_is_read_here_and_to_its_end(push: Pushing, run: RunDir, *, elsewhere: bool) -> None:
    """A link to its next page may name the hub that a mirror mirrors: the token is not for that."""
    with serving() as other, serving() as server:
        first = {"type": "file", "path": "theirs.txt", "size": 1, "oid": "0" * 40}
        where = other.url.replace("127.0.0.1", "localhost") if elsewhere else server.url
        server.repositories["owner/pairs"] = Repository(private=True)
        path = TREE.removeprefix("GET ") + server.repositories["owner/pairs"].branches["main"]
        link = f'<{where}{path}?recursive=true&cursor=2>; rel="next"'
        headers = {"Link": link, "Content-Type": "application/json"}
        server._behaviour = failing(TREE, (200, headers, json.dumps([first])), 1)
        assert push(run, server, dry_run=True).plan.others == 2
        assert other.asked == []
        server._behaviour = failing(TREE, (200, headers, "[]"), FOREVER)
        with pytest.raises(CorpusUnreachable, match="its list of files does not end"):
            push(run, server)


def test_nobody_else_gets_the_token(push: Pushing, run: RunDir) -> None:
    """The hub may name any place at which an upload is to be confirmed."""

    def batch(key: str, _number: int) -> Answer:
        if not key.startswith(BATCH):
            return None
        place = other.url.replace("127.0.0.1", "localhost")
        actions = {name: {"href": f"{place}/{name}"} for name in ("upload", "verify")}
        objects = [{"oid": "0" * 64, "size": 1, "actions": actions}]
        return 200, {"Content-Type": "application/json"}, json.dumps({"transfer": "basic", "objects": objects})

    with serving(lambda _key, _number: (200, {}, "")) as other, serving(batch) as server:
        digest = next(file.sha256 for file in exported.of(run).files if file.path == "README.md")
        answer = batch(BATCH, 1)
        assert isinstance(answer, tuple)
        server._behaviour = failing(BATCH, (*answer[:2], answer[2].replace("0" * 64, digest)), FOREVER)
        with pytest.raises(MagicoderError):  # of the second file it says the same
            push(run, server)
        assert {method for method, _ in other.asked} >= {"PUT", "POST"}
        assert not any("Authorization" in headers for headers in other.headers)


def test_a_mirror_that_knows_no_accounts_will_do(push: Pushing, run: RunDir) -> None:
    """Then nobody is told whose token it is."""
    with serving(failing(WHOAMI, said(404), FOREVER)) as server:
        done = push(run, server)
        assert done.commit
        assert done.plan.account is None


@pytest.mark.parametrize("how", ["refused", "offline"])
def test_a_dry_run_without_a_hub_says_what_it_knows(
    push: Pushing, run: RunDir, monkeypatch: pytest.MonkeyPatch, unused_port: int, how: str
) -> None:
    """Which files, how large; and that nobody could be asked what is there."""
    with serving() as server:
        if how == "offline":
            monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        else:
            server.url = f"http://127.0.0.1:{unused_port}"
        told = push(run, server, dry_run=True)
        assert {file.path: file.bytes for file in told.plan.files} == {k: len(v) for k, v in files(run).items()}
        assert {file.state for file in told.plan.files} == {"unknown"}
        assert "what is there is unknown: cannot reach" in stage.lines(told)[-2]
        assert "at most 5 files" in stage.lines(told)[-1]
        with pytest.raises(CorpusUnreachable):
            push(run, server)
        assert server.asked == []


def test_without_a_token_nothing_is_sent(push: Pushing, run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the hub is not even asked."""
    monkeypatch.setenv("HF_TOKEN", "")
    with serving() as server:
        with pytest.raises(NotAuthorised, match="put one that may write into HF_TOKEN, or run `hf auth login`"):
            push(run, server)
        assert server.asked == []


def test_a_wrong_token_is_told_in_a_dry_run_too(push: Pushing, run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token of the file that logging in writes, here."""
    monkeypatch.delenv("HF_TOKEN")
    path = run.root.parent / "token"
    path.write_text("hf_wrong")
    monkeypatch.setenv("HF_TOKEN_PATH", str(path))
    with serving() as server:
        with pytest.raises(NotAuthorised, match=f"the token in {path} is refused"):
            push(run, server, dry_run=True)


def test_nothing_is_told_about_the_machine(push: Pushing, run: RunDir) -> None:
    """The hub sees our name and version; the storage, which is somebody else, no token."""
    with serving() as server:
        push(run, server)
        assert {headers["User-Agent"] for headers in server.headers} == {f"magicoder-gen/{__version__}"}
        assert not any("agent" in path for _, path in server.asked)
        stored: list[Any] = [h for (method, _), h in zip(server.asked, server.headers, strict=True) if method == "PUT"]
        assert stored
        assert not any("Authorization" in headers for headers in stored)
