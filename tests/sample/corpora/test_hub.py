"""The hub's protocol on the wire, well and badly spoken; what is fetched, and what a user is told."""

import hashlib
import logging
import multiprocessing
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hub_server
import msgspec
import pyarrow
import pyarrow.parquet
import pytest
from builders import documents_of
from command import ROOT, wait_for
from hub_server import COMMIT, CUT, HANG, WHOLE, HubServer, serving

from magicoder_gen.errors import ConfigError, CorpusUnreachable, MagicoderError, NotAuthorised
from magicoder_gen.records import Corpus, Document, Fragment, Origin, Skipped
from magicoder_gen.sample.corpora import hub_files, hub_requests
from magicoder_gen.sample.corpora.hub import Hub, Lost, RowGroup

TOKEN = "hf_aTokenThatNobodyMaySee"  # noqa: S105  # of no account
OVERLOADED: hub_server.Answer = (503, {}, "")


def noise(name: str, size: int = 2000) -> str:
    """Text that no codec makes smaller than half."""
    return hashlib.shake_256(name.encode()).hexdigest(size // 2)


def rows(name: str, count: int = 40) -> list[dict[str, Any]]:
    """Rows as bigcode/starcoderdata has them, `unused` as large as the content."""
    return [
        {
            "max_stars_repo_path": f"src/{name}_{n}.py",
            "max_stars_repo_name": "a/b",
            "unused": noise(f"u{name}{n}", 20_000),
            "content": f"# {name} {n}\n{noise(f'{name}{n}', 20_000)}\n",
            "licenses": ["MIT", "ISC"],
        }
        for n in range(count)
    ]


def write(folder: Path, name: str, table: list[dict[str, Any]], *, group: int = 10) -> Path:
    """Write a parquet file of row groups of `group` rows."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(table), path, row_group_size=group)
    return path


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Two files of four row groups below python/, and what is no table."""
    folder = tmp_path / "dataset"
    write(folder, "python/train-00001.parquet", rows("b"))
    write(folder, "python/train-00000.parquet", rows("a"))
    write(folder, "rust/train-00000.parquet", rows("r", 5))
    (folder / "README.md").write_text("a card\n")
    return folder


@pytest.fixture(autouse=True, scope="module")
def connections() -> Iterator[None]:
    """One pool of connections for all tests, closed behind the last: making one takes longer than most tests."""
    from huggingface_hub import close_session

    yield
    close_session()


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No token of the machine, no long waits, no metadata of another test."""
    from huggingface_hub import constants

    for name in ("HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "no token"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub_requests, "WAIT", 0.001)
    hub_files._cached_metadata.cache_clear()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Point HF_ENDPOINT at a server and return a corpus of its dataset."""

    def corpus(server: HubServer, **options: Any) -> Hub:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        given = {"dataset": "owner/name", "data_dir": "python", "language": "python", **options}
        return msgspec.convert({"type": "hub", **given}, Hub)

    return corpus


def texts(corpus: Hub) -> list[str]:
    """The first lines of all documents."""
    found = list(documents_of(corpus))
    assert all(isinstance(one, Document) for one in found)
    return [one.content.decode().split("\n")[0] for one in found if isinstance(one, Document)]


def everything() -> list[str]:
    """The first lines of the documents below python/."""
    return [f"# {name} {n}" for name in "ab" for n in range(40)]


def once(answer: hub_server.Answer, part: str) -> hub_server.Behaviour:
    """Give `answer` to the first request of each range whose path holds `part`."""
    return lambda path, number: answer if part in path and number == 1 else None


def always(answer: hub_server.Answer, part: str) -> hub_server.Behaviour:
    """Give `answer` whenever the path holds `part`."""
    return lambda path, _number: answer if part in path else None


def test_reads_every_row_in_the_order_of_files_and_says_where_it_is_from(dataset: Path, at: Any) -> None:
    """Rows come in file order; columns become the origin, a list of licences one word; the commit is in the corpus."""
    columns = {"repo": "max_stars_repo_name", "path": "max_stars_repo_path", "license": "licenses"}
    with serving(dataset) as server:
        corpus = at(server, **columns)
        assert texts(corpus) == everything()
        first = next(iter(documents_of(corpus)))
    assert isinstance(first, Document)
    assert first.language == "python"
    assert first.locate() == Origin("hub:owner/name@0123456789ab", "a/b", "src/a_0.py", None, "MIT, ISC")


def test_language_by_the_extension_of_the_path(dataset: Path, at: Any) -> None:
    """Without a language, the column `path` tells it."""
    with serving(dataset) as server:
        corpus = at(server, language=None, path="max_stars_repo_path", data_dir="rust")
        found = list(documents_of(corpus))
        assert [part.languages for part in corpus.fragments()] == [None]
    assert [one.language for one in found if isinstance(one, Document)] == ["python"] * 5


@pytest.mark.parametrize("options", [{"language": None}, {"language_column": "lang"}])
def test_a_language_is_said_in_one_way(options: dict[str, Any], at: Any) -> None:
    """Without any word on the language, or with two, the configuration is wrong."""
    with pytest.raises(msgspec.ValidationError, match="language_column"):
        msgspec.convert({"type": "hub", "dataset": "owner/name", "language": "python", **options}, Hub)


def test_fragments_say_what_they_hold_without_reading_it(dataset: Path, at: Any) -> None:
    """One per row group, named by path and number, with rows, languages and the bytes of the needed columns."""
    with serving(dataset) as server:
        found = at(server).fragments()
        assert server.served < 2 * (1 << 16) + 1
    metadata = pyarrow.parquet.read_metadata(dataset / "python/train-00000.parquet")
    content = metadata.row_group(1).column(3)
    assert [part.id for part in found] == [f"python/train-0000{file}.parquet:{n}" for file in (0, 1) for n in range(4)]
    assert found[1].bytes == content.total_compressed_size
    assert (found[1].documents, found[1].languages) == (10, {"python": 10})


def test_reading_a_row_group_fetches_its_needed_columns_alone(dataset: Path, at: Any) -> None:
    """One of 4 row groups and 1 of 2 large columns: an eighth of the file plus a footer, in one range each."""
    size = (dataset / "python/train-00000.parquet").stat().st_size
    with serving(dataset) as server:
        part = at(server).fragments()[2]
        before, asked = server.served, len(server.cdn_headers)
        assert len(list(part.read())) == 10
        footer = 1 << 16
        assert part.bytes <= server.served - before <= part.bytes + footer
        assert server.served - before - footer < size / 7
        assert len(server.cdn_headers) - asked == 2


def test_row_groups_of_one_file_share_a_footer(dataset: Path, at: Any) -> None:
    """Read one after another, the footer of their file crosses the network once."""
    with serving(dataset) as server:
        parts = at(server).fragments()[:4]
        asked = len(server.cdn_headers)
        for part in parts:
            list(part.read())
        assert len(server.cdn_headers) - asked == 1 + 4


def test_a_footer_larger_than_the_first_guess_takes_one_more_range(tmp_path: Path, at: Any) -> None:
    """Many row groups make a large footer; it is completed, not fetched again."""
    file = write(tmp_path, "python/many.parquet", [{"content": f"{n}\n"} for n in range(1500)], group=1)
    assert pyarrow.parquet.read_metadata(file).serialized_size > 1 << 16
    with serving(tmp_path) as server:
        corpus = at(server)
        assert len(corpus.fragments()) == 1500
        assert len(server.cdn_headers) == 2
        assert server.served == pyarrow.parquet.read_metadata(file).serialized_size + 8


def _contents(part: RowGroup) -> list[bytes]:
    """What a worker does."""
    return [one.content for one in part.read() if isinstance(one, Document)]


def test_a_fragment_is_read_in_another_process(dataset: Path, at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fragment carries all it needs but the token, which the other process looks up."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with serving(dataset, token=TOKEN, gated=True) as server:
        parts = at(server).fragments()[3:5]
        assert TOKEN.encode() not in pickle.dumps(parts)
        assert TOKEN not in repr(parts)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found = pool.map(_contents, parts)
            pool.close()
            pool.join()
        assert found == [_contents(part) for part in parts]
    assert len(found[0]) == 10


def test_the_token_is_not_sent_on_to_another_host(dataset: Path, at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The redirect to the CDN is followed without authorization; the hub is always asked with it."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with serving(dataset, token=TOKEN, gated=True) as server:
        assert texts(at(server)) == everything()
        assert all(headers["Authorization"] == f"Bearer {TOKEN}" for headers in server.headers)
        assert server.cdn_headers
        assert not any("Authorization" in headers for headers in server.cdn_headers)


def test_the_token_may_come_from_the_file_that_logging_in_writes(
    dataset: Path, at: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the variable, what `hf auth login` stored is sent; token_env: null sends none."""
    (tmp_path / "token").write_text(TOKEN + "\n")
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "token"))
    with serving(dataset, token=TOKEN, gated=True) as server:
        assert len(at(server).fragments()) == 8
        with pytest.raises(NotAuthorised, match="no token was sent"):
            at(server, token_env=None).fragments()


def test_nothing_is_told_about_the_machine(dataset: Path, at: Any) -> None:
    """The user agent is our name and version."""
    with serving(dataset) as server:
        texts(at(server))
        assert all(headers["User-Agent"].startswith("magicoder-gen/") for headers in server.headers)
        assert not any(" " in headers["User-Agent"] for headers in server.headers + server.cdn_headers)


def test_a_revision_is_resolved_once_and_a_commit_never(dataset: Path, at: Any) -> None:
    """A branch that moves during a run changes nothing; a commit needs no request to be itself."""
    with serving(dataset) as server:
        server.revisions["refs/convert/parquet"] = COMMIT
        corpus = at(server, revision="refs/convert/parquet")
        assert corpus.identity() == f"owner/name@{COMMIT}"
        server.revisions["refs/convert/parquet"] = "f" * 40
        assert corpus.identity() == f"owner/name@{COMMIT}"
        assert corpus.fragments()[0].file.commit == COMMIT
        asked = server.requests
        assert at(server, revision=COMMIT).identity() == corpus.identity()
        assert server.requests == asked


def test_long_listings_come_in_pages(dataset: Path, at: Any) -> None:
    """All pages are asked for."""
    with serving(dataset, page=2) as server:
        assert len(at(server, data_dir=None).fragments()) == 9


def test_a_mirror_is_not_left_for_the_hub_it_mirrors(dataset: Path, at: Any) -> None:
    """A listing may link to its next page elsewhere; it is asked for here, where the token is meant for."""
    with serving(dataset, page=2) as server:
        server.links = "https://hub.invalid"
        assert len(at(server, data_dir=None).fragments()) == 9


@pytest.mark.parametrize("part", ["/revision/", "/tree/", "/resolve/", "/blobs/"])
@pytest.mark.parametrize("fault", [(500, {}, ""), (429, {"Retry-After": "0"}, ""), CUT])
def test_a_passing_fault_changes_nothing(dataset: Path, at: Any, part: str, fault: hub_server.Answer) -> None:
    """A server error, a rate limit or a broken connection is tried again, wherever it happens."""
    with serving(dataset, once(fault, part)) as server:
        assert texts(at(server)) == everything()


def test_a_link_that_has_expired_is_asked_for_again(dataset: Path, at: Any) -> None:
    """A CDN answers 403 without the hub's headers; that is no question of rights."""
    with serving(dataset, once((403, {}, "Request has expired"), "/blobs/")) as server:
        assert texts(at(server)) == everything()


def test_the_servers_wait_is_kept() -> None:
    """The hub's rate limit header tells the seconds, else Retry-After, else there is none."""
    import httpx2

    def asked(headers: dict[str, str]) -> float | None:
        return hub_requests._asked_wait(httpx2.Response(429, headers=headers))

    assert asked({"RateLimit": '"resolvers";r=0;t=55', "Retry-After": "7"}) == 55
    assert asked({"RateLimit": '"resolvers";r=4;t=55', "Retry-After": "7"}) == 7
    assert asked({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}) is None


def test_the_servers_words_are_safe_to_print() -> None:
    """Escape sequences and long texts stay out of our one line."""
    import httpx2

    headers = {"X-Error-Message": "a\x1b[31m\rb" + "c" * 5000}
    assert hub_requests._said(httpx2.Response(403, headers=headers)) == "a[31mb" + "c" * 294


@pytest.mark.parametrize("fault", [OVERLOADED, CUT, HANG])
def test_a_lasting_fault_in_a_row_group_is_no_lost_document(
    dataset: Path, at: Any, monkeypatch: pytest.MonkeyPatch, fault: hub_server.Answer
) -> None:
    """When the network fails half way, the run stops and can go on; nothing is counted as skipped."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.1 if fault == HANG else 10)
    broken: list[str] = []
    with serving(dataset, lambda path, _n: fault if "/blobs/" in path and broken else None) as server:
        parts = at(server).fragments()
        assert len(list(parts[0].read())) == 10
        broken.append("now")
        with pytest.raises(CorpusUnreachable, match=r"cannot reach http://127.*goes on later") as caught:
            list(parts[1].read())
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 69


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:{port}", "http://hub.invalid"])
def test_no_hub_no_documents(at: Any, monkeypatch: pytest.MonkeyPatch, unused_port: int, endpoint: str) -> None:
    """A refused connection and an unknown host are told in one line that names the endpoint."""
    url = endpoint.format(port=unused_port)
    monkeypatch.setenv("HF_ENDPOINT", url)
    with pytest.raises(CorpusUnreachable, match=f"cannot reach {url} for owner/name"):
        Hub(dataset="owner/name", language="python").identity()


def test_offline_is_respected(dataset: Path, at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """HF_HUB_OFFLINE=1 sends nothing and says so."""
    with serving(dataset) as server:
        corpus = at(server)
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        with pytest.raises(CorpusUnreachable, match="HF_HUB_OFFLINE"):
            corpus.identity()
        assert server.requests == 0


def refusal(corpus: Hub) -> MagicoderError:
    """The error that asking for the fragments ends with: one line."""
    with pytest.raises(MagicoderError) as caught:
        corpus.fragments()
    assert "\n" not in str(caught.value)
    assert TOKEN not in str(caught.value)
    return caught.value


def test_a_gated_dataset_names_the_terms_and_the_variable(dataset: Path, at: Any) -> None:
    """The message says where to accept the terms, and where the token goes."""
    with serving(dataset, token=TOKEN, gated=True) as server:
        error = refusal(at(server, token_env="MY_TOKEN"))  # noqa: S106  # a name
        assert isinstance(error, NotAuthorised)
        assert f"accept its terms at {server.url}/datasets/owner/name" in str(error)
        assert "the environment variable MY_TOKEN" in str(error)
        assert "no token was sent" in str(error)


def test_a_token_without_access_is_told_apart(dataset: Path, at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a token the hub answers 403: the message says whose access is missing, and what the hub said."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    answer = (403, {"X-Error-Code": "GatedRepo", "X-Error-Message": "Enable access."}, "")
    with serving(dataset, always(answer, "/resolve/"), token=TOKEN) as server:
        error = refusal(at(server))
    assert isinstance(error, NotAuthorised)
    assert "the account of the token in the environment variable HF_TOKEN has no access: Enable access" in str(error)


@pytest.mark.parametrize("token", ["hf_wrong", f"{TOKEN} {TOKEN}é"])
def test_a_refused_token_is_not_shown(
    dataset: Path, at: Any, monkeypatch: pytest.MonkeyPatch, token: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """A wrong token, or what can be none, is named by its variable."""
    monkeypatch.setenv("HF_TOKEN", token)
    with serving(dataset, token=TOKEN) as server:
        error = refusal(at(server))
    assert isinstance(error, NotAuthorised)
    assert "HF_TOKEN" in str(error)
    assert token not in str(error)
    assert "".join(capfd.readouterr()) == ""


@pytest.mark.parametrize("options", [{"dataset": "owner/nane"}, {}])
def test_no_dataset_and_a_private_one_look_the_same(dataset: Path, at: Any, options: dict[str, Any]) -> None:
    """The hub does not say which; the message names both."""
    with serving(dataset, token=TOKEN, private=True) as server:
        error = refusal(at(server, **options))
    assert isinstance(error, ConfigError)
    assert "no such dataset, or it is private" in str(error)
    assert "HF_TOKEN" in str(error)


@pytest.mark.parametrize("revision", ["v9", "f" * 40])
def test_an_unknown_revision_is_a_mistake(dataset: Path, at: Any, revision: str) -> None:
    """Branch or commit, the message names it."""
    with serving(dataset) as server:
        error = refusal(at(server, revision=revision))
    assert isinstance(error, ConfigError)
    assert f"no revision '{revision}'" in str(error)


def test_a_folder_without_parquet_files_shows_the_folders_there_are(dataset: Path, at: Any) -> None:
    """The nearest folder that exists is listed, and the hub's own conversion is mentioned."""
    (dataset / "python" / "empty").mkdir()
    with serving(dataset) as server:
        wrong = str(refusal(at(server, data_dir="pyhton/deep")))
        empty = str(refusal(at(server, data_dir="python/empty")))
    assert "no parquet file in data_dir 'pyhton/deep' at revision 'main'" in wrong
    assert "its root has the folders python, rust; correct data_dir" in wrong
    assert "refs/convert/parquet" in wrong
    assert "python/empty has no folder" in empty


def test_a_server_without_ranges_is_refused_before_it_sends_a_file(
    dataset: Path, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody downloads a dataset by accident: the range is in the answer's head, or the answer is not read."""
    monkeypatch.setattr(hub_requests, "SMALL", 100_000)
    with serving(dataset, always(WHOLE, "/blobs/")) as server:
        error = refusal(at(server))
    assert isinstance(error, ConfigError)
    assert "sends whole files where a range of bytes was asked for" in str(error)


def test_a_small_file_may_come_whole(dataset: Path, at: Any) -> None:
    """The hub need not serve ranges of files that it keeps in the repository itself."""
    with serving(dataset, always(WHOLE, "/blobs/")) as server:
        assert texts(at(server)) == everything()


def test_a_column_that_no_file_has_is_a_mistake(dataset: Path, at: Any) -> None:
    """The message names the column that lacks and those that are there."""
    with serving(dataset) as server:
        error = refusal(at(server, text="code"))
    assert isinstance(error, ConfigError)
    assert "no column 'code', but max_stars_repo_path, " in str(error)


def test_a_column_that_some_files_lack_costs_their_rows(dataset: Path, at: Any) -> None:
    """The others are read; the rows of the odd file are counted and the file is named."""
    write(dataset, "python/odd.parquet", [{"text": "a\n"}] * 7)
    with serving(dataset) as server:
        found = [part for part in at(server).fragments() if isinstance(part, Lost)]
    assert [(lost.id, lost.documents, lost.languages) for lost in found] == [("python/odd.parquet", 7, {})]
    (skipped,) = found[0].read()
    assert isinstance(skipped, Skipped)
    assert (skipped.reason, skipped.count) == ("no_column", 7)
    assert "owner/name/python/odd.parquet has no column 'content'" in str(skipped.detail)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PAR1",
        b"not a table at all",
        b"PAR1" + b"\xff" * 40 + b"\x20\0\0\0PAR1",
        b"PAR1\xff\xff\xff\xffPAR1",
        None,
    ],
)
def test_a_damaged_footer_costs_one_file(dataset: Path, at: Any, content: bytes | None) -> None:
    """What cannot be a parquet file is named once; all others are read."""
    damaged = dataset / "python/train-00000.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-1000] if content is None else content)
    with serving(dataset) as server:
        found = list(documents_of(at(server)))
    bad = [one for one in found if isinstance(one, Skipped)]
    assert [one.reason for one in bad] == ["bad_file"]
    assert "owner/name/python/train-00000.parquet is damaged" in str(bad[0].detail)
    assert len(found) == 1 + 40


def test_a_damaged_name_in_a_footer_costs_one_file(dataset: Path, at: Any) -> None:
    """A column's name that is no text makes the file unreadable, whatever the reader's library thinks of it."""
    damaged = dataset / "python/train-00000.parquet"
    damaged.write_bytes(damaged.read_bytes().replace(b"unused", b"unus\xff\xfe"))
    with serving(dataset) as server:
        found = list(documents_of(at(server)))
    assert [one.reason for one in found if isinstance(one, Skipped)] == ["bad_file"]
    assert not any("\n" in str(one.detail) for one in found if isinstance(one, Skipped))


def test_a_damaged_row_group_costs_its_rows(dataset: Path, at: Any) -> None:
    """The other row groups of the file are read."""
    path = dataset / "python/train-00000.parquet"
    chunk = pyarrow.parquet.read_metadata(path).row_group(1).column(3)
    content = bytearray(path.read_bytes())
    first = chunk.dictionary_page_offset or chunk.data_page_offset
    content[first : first + 2000] = b"\xff" * 2000
    path.write_bytes(content)
    with serving(dataset) as server:
        found = list(documents_of(at(server)))
    (bad,) = [one for one in found if isinstance(one, Skipped)]
    assert (bad.reason, bad.count) == ("bad_row_group", 10)
    assert "owner/name/python/train-00000.parquet" in str(bad.detail)
    assert len(found) == 1 + 70


def test_a_row_group_outside_of_the_file_costs_its_rows(dataset: Path, at: Any) -> None:
    """A whole footer behind missing data asks for nothing that is not there."""
    path = dataset / "python/train-00000.parquet"
    content = path.read_bytes()
    footer = int.from_bytes(content[-8:-4], "little") + 8
    path.write_bytes(b"PAR1" + content[-footer:])
    with serving(dataset) as server:
        found = list(documents_of(at(server)))
    assert [(one.reason, one.count) for one in found if isinstance(one, Skipped)] == [("bad_row_group", 10)] * 4


def test_a_file_that_vanishes_half_way_is_counted(dataset: Path, at: Any) -> None:
    """Although the commit is pinned a file can go; its rows are counted, the rest goes on."""
    with serving(dataset) as server:
        parts = at(server).fragments()
        (dataset / "python/train-00001.parquet").unlink()
        found = [one for part in parts for one in part.read()]
    lost = [(one.reason, one.count) for one in found if isinstance(one, Skipped)]
    assert lost == [("vanished", 10)] * 4
    assert len(found) == 40 + 4


def test_bytes_beyond_those_at_hand_are_fetched(dataset: Path, at: Any) -> None:
    """A reader that strays from the columns named still gets the file's bytes, to its end and no further."""
    path = dataset / "rust/train-00000.parquet"
    with serving(dataset) as server:
        file = at(server, data_dir="rust").fragments()[0].file
        handle = hub_files._Parts(file, [(4, path.read_bytes()[4:10])])
        handle.seek(6)
        assert handle.read(4) == path.read_bytes()[6:10]
        assert handle.read() == path.read_bytes()[10:]
        assert (handle.read(5), handle.tell()) == (b"", file.size)
        handle.seek(-4, 2)
        assert handle.read(100) == b"PAR1"


def test_fragments_are_what_the_stage_takes(dataset: Path, at: Any) -> None:
    """Row groups and what stands for lost files fulfil the protocols."""
    with serving(dataset) as server:
        corpus: Corpus = at(server, weight=2.5)
        part: Fragment = corpus.fragments()[0]
    lost: Fragment = Lost("a", Skipped("bad_file", Origin("test")), 1)
    assert (corpus.weight, corpus.title(), part.documents, lost.bytes) == (2.5, "hub owner/name/python", 10, 0)


def test_spans_are_joined_where_a_request_costs_more() -> None:
    """Small gaps are fetched along, large ones are not; order and overlap do not matter."""
    assert hub_files.merged([(300_000, 300_010), (4, 1000), (2000, 3000), (2500, 2600)]) == [
        (4, 3000),
        (300_000, 300_010),
    ]


def test_nothing_is_printed_or_kept(
    dataset: Path, at: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Faults and warnings of the hub leave stderr and the disk as they were, and the token out of the log."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    heard: list[logging.LogRecord] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record)

    listener = Listener(logging.DEBUG)
    before = sorted(tmp_path.rglob("*"))
    logging.getLogger("huggingface_hub").addHandler(listener)
    try:
        with serving(dataset, once((503, {"X-HF-Warning": "topic; beware"}, ""), "/"), token=TOKEN) as server:
            assert texts(at(server)) == everything()
    finally:
        logging.getLogger("huggingface_hub").removeHandler(listener)
    assert capfd.readouterr() == ("", "")
    assert not any(TOKEN in record.getMessage() for record in heard)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("url", ["localhost:8080", "http://[half", "https://", "https://user:s3cret@hub.invalid"])
def test_an_endpoint_that_is_no_address_is_named(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """HF_ENDPOINT is told to be wrong; a password in it is refused, not shown."""
    monkeypatch.setenv("HF_ENDPOINT", url)
    with pytest.raises(ConfigError, match="HF_ENDPOINT") as caught:
        Hub(dataset="owner/name", language="python").identity()
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("body", ["<html>sign in to the hotel</html>", "[]"])
def test_what_is_no_hub_is_not_reached(dataset: Path, at: Any, body: str) -> None:
    """A captive portal answers 200 with something else."""
    with serving(dataset, always((200, {}, body), "/revision/")) as server:
        assert isinstance(refusal(at(server)), CorpusUnreachable)


@pytest.mark.parametrize("name", ["starcoderdata", "../x", "a/b/c", "https://huggingface.co/a/b"])
def test_a_dataset_is_owner_and_name(name: str) -> None:
    """Anything else is a mistake of the configuration."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"type": "hub", "dataset": name, "language": "python"}, Hub)


def test_a_signal_does_not_wait_for_a_hub_that_wants_patience(dataset: Path, at: Any) -> None:
    """Threads that wait for the footers' rate limit end with the program."""
    with hub_server.serving(
        dataset, lambda path, _n: (429, {"Retry-After": "250"}, "") if "parquet" in path else None
    ) as server:
        environment = {**os.environ, "HF_ENDPOINT": server.url, "PYTHONPATH": ROOT}
        corpus = "sample.corpora=[{type: hub, dataset: owner/name, data_dir: python, language: python}]"
        command = [sys.executable, "-m", "magicoder_gen", "sample", "--set", corpus]
        with subprocess.Popen(command, env=environment, cwd=dataset.parent, stderr=subprocess.PIPE) as process:
            wait_for(lambda: any("parquet" in path for path in server.asked))
            process.terminate()
            assert process.wait(20) == 143
            process.communicate()
