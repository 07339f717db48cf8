"""What a user is told when the hub refuses."""

from pathlib import Path
from typing import Any

import pytest
from hub_builders import TOKEN, always, everything, refusal, texts
from hub_server import WHOLE, serving

from magicoder_gen.errors import ConfigError, CorpusUnreachable, NotAuthorised
from magicoder_gen.sample.corpora import hub_answers


def test_the_servers_wait_is_kept() -> None:
    """The hub's rate limit header tells the seconds, else Retry-After, else there is none."""
    import httpx2

    def asked(headers: dict[str, str]) -> float | None:
        return hub_answers.wait(httpx2.Response(429, headers=headers))

    assert asked({"RateLimit": '"resolvers";r=0;t=55', "Retry-After": "7"}) == 55
    assert asked({"RateLimit": '"resolvers";r=4;t=55', "Retry-After": "7"}) == 7
    assert asked({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}) is None


def test_the_servers_words_are_safe_to_print() -> None:
    """Escape sequences and long texts stay out of our one line."""
    import httpx2

    headers = {"X-Error-Message": "a\x1b[31m\rb" + "c" * 5000}
    assert hub_answers.words(httpx2.Response(403, headers=headers)) == "a[31mb" + "c" * 294


def test_a_gated_dataset_names_the_terms_and_the_variable(dataset: Path, at: Any) -> None:
    """The message says where to accept the terms, and where the token goes."""
    with serving(dataset, token=TOKEN, gated=True) as server:
        error = refusal(at(server, token_env="MY_TOKEN"))  # noqa: S106  # a name
        assert isinstance(error, NotAuthorised)
        assert f"{server.url}/datasets/owner/name is gated and no token was sent" in str(error)
        assert "accept its terms on that page while signed in" in str(error)
        assert "the environment variable MY_TOKEN" in str(error)


def test_a_token_without_access_is_told_apart(dataset: Path, at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a token the hub answers 403: the message says whose access is missing, and what the hub said."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    answer = (403, {"X-Error-Code": "GatedRepo", "X-Error-Message": "Enable access."}, "")
    with serving(dataset, always(answer, "/resolve/"), token=TOKEN) as server:
        error = refusal(at(server))
    assert isinstance(error, NotAuthorised)
    assert "the account of the token in the environment variable HF_TOKEN has no access (Enable access)" in str(error)


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


def test_a_server_without_ranges_is_refused_before_it_sends_a_file(
    dataset: Path, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody downloads a dataset by accident: the range is in the answer's head, or the answer is not read."""
    monkeypatch.setattr(hub_answers, "SMALL", 100_000)
    with serving(dataset, always(WHOLE, "/blobs/")) as server:
        error = refusal(at(server))
    assert isinstance(error, ConfigError)
    assert "sends whole files where a range of bytes was asked for" in str(error)


def test_a_small_file_may_come_whole(dataset: Path, at: Any) -> None:
    """The hub need not serve ranges of files that it keeps in the repository itself."""
    with serving(dataset, always(WHOLE, "/blobs/")) as server:
        assert texts(at(server)) == everything()


@pytest.mark.parametrize("body", ["<html>sign in to the hotel</html>", "[]"])
def test_what_is_no_hub_is_not_reached(dataset: Path, at: Any, body: str) -> None:
    """A captive portal answers 200 with something else."""
    with serving(dataset, always((200, {}, body), "/revision/")) as server:
        assert isinstance(refusal(at(server)), CorpusUnreachable)


def test_a_dataset_that_the_token_may_not_see_names_the_token(
    dataset: Path, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub hides it from that account: another token may help, putting the same one there again does not."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with serving(dataset, token=TOKEN) as server:
        error = refusal(at(server, dataset="owner/hidden"))
    assert "use another token than the one in the environment variable HF_TOKEN" in str(error)


def test_no_access_for_a_reason_that_has_no_words(dataset: Path, at: Any) -> None:
    """The hub's code stands in for them."""
    with serving(dataset, always((403, {"X-Error-Code": "DisabledRepo"}, ""), "/revision/")) as server:
        error = refusal(at(server))
    assert isinstance(error, NotAuthorised)
    assert "access is denied (DisabledRepo)" in str(error)
