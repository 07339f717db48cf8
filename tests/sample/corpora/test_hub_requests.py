"""The hub's protocol on the wire: what is sent where, and what is not."""

import logging
from pathlib import Path
from typing import Any

import pytest
from hub_builders import TOKEN, everything, once, texts
from hub_server import COMMIT, serving

from magicoder_gen.errors import ConfigError, CorpusUnreachable, NotAuthorised
from magicoder_gen.sample.corpora import hub_requests
from magicoder_gen.sample.corpora.hub import Hub


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


def test_a_list_that_does_not_end_is_told(dataset: Path, at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose next page was there before, or that has more pages than any list of files."""

    def again(path: str, _number: int) -> Any:
        link = f'<{server.url}{path}?recursive=true&expand=false&cursor=7>; rel="next"'
        return (200, {"Link": link, "Content-Type": "application/json"}, "[]") if "/tree/" in path else None

    with serving(dataset, again) as server:
        with pytest.raises(CorpusUnreachable, match="its list of files does not end"):
            at(server, data_dir=None).fragments()
        assert server.requests < 6
    monkeypatch.setattr(hub_requests, "_MOST_PAGES", 1)
    with serving(dataset, page=2) as server, pytest.raises(CorpusUnreachable, match="does not end"):
        at(server, data_dir=None).fragments()


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
        with pytest.raises(CorpusUnreachable, match="HF_HUB_OFFLINE forbids it; unset it"):
            corpus.identity()
        assert server.requests == 0


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


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8080",
        "http://[half",
        "https://",
        "https://user:s3cret@hub.invalid",
        "https://hub.invalid/?token=s3cret",
        "https://hub.invalid/#s3cret",
        "https://hub.invalid/s3c\nret",
        "http://[::1",
        "http://hub.invalid:99999",
        "http://hub.invalid:80a",
    ],
)
def test_an_endpoint_that_is_no_address_is_named(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """HF_ENDPOINT is told to be wrong; a password in it is refused, not shown."""
    monkeypatch.setenv("HF_ENDPOINT", url)
    with pytest.raises(ConfigError, match="HF_ENDPOINT") as caught:
        Hub(dataset="owner/name", language="python").identity()
    assert "s3c" not in str(caught.value)


def test_the_hub_is_asked_once_where_the_bytes_of_a_file_are(dataset: Path, at: Any) -> None:
    """Every further range goes to the place that it told: one round trip, not two."""
    with serving(dataset) as server:
        parts = at(server).fragments()
        for part in parts:
            assert len(list(part.read())) == 10
        ranges = [key for key in server.asked if "/blobs/" in key]
        asked = sum(number for key, number in server.asked.items() if "/resolve/" in key)
    assert (len(ranges), asked) == (2 * (1 + 4), 2)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_place_that_is_not_valid_any_more_is_asked_for_again(dataset: Path, at: Any, status: int) -> None:
    """Links expire, which different servers say differently; the file itself is still there."""
    expired: list[int] = []
    with serving(
        dataset, lambda path, _n: (expired.pop(), {}, "") if expired and "/blobs/" in path else None
    ) as server:
        part = at(server).fragments()[0]
        expired.append(status)
        assert len(list(part.read())) == 10
    assert not expired


def test_a_place_on_the_hub_itself_is_not_kept(dataset: Path, at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the hub serves itself is asked for with the token, each time."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with serving(dataset, token=TOKEN, gated=True) as server:
        server.cdn_url = server.url
        assert texts(at(server)) == everything()
        assert all(headers["Authorization"] == f"Bearer {TOKEN}" for headers in server.cdn_headers)
    assert server.cdn_headers


def test_a_proxy_that_cannot_be_used_is_told_without_its_password(at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the environment that is wrong."""
    from huggingface_hub import close_session

    close_session()
    monkeypatch.setenv("HTTPS_PROXY", "gopher://user:s3cret@proxy.invalid")
    with pytest.raises(ConfigError, match="correct HTTPS_PROXY") as caught:
        Hub(dataset="owner/name", language="python").identity()
    assert "s3cret" not in str(caught.value)
    close_session()
