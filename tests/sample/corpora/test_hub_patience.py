"""What a hub that is busy or broken costs: time, but no document."""

import os
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import hub_server
import pytest
from command import ROOT, wait_for
from hub_builders import everything, once, texts
from hub_server import CUT, HANG, serving

from magicoder_gen.errors import CorpusUnreachable
from magicoder_gen.sample.corpora import hub_patience


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


@pytest.mark.parametrize("fault", [(503, {}, ""), CUT, HANG])
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


def test_a_signal_does_not_wait_for_a_hub_that_wants_patience(dataset: Path, at: Any) -> None:
    """Threads that wait for the footers' rate limit end with the program."""
    with serving(dataset, lambda path, _n: (429, {"Retry-After": "250"}, "") if "parquet" in path else None) as server:
        environment = {**os.environ, "HF_ENDPOINT": server.url, "PYTHONPATH": ROOT}
        corpus = "sample.corpora=[{type: hub, dataset: owner/name, data_dir: python, language: python}]"
        command = [sys.executable, "-m", "magicoder_gen", "sample", "--set", corpus]
        with subprocess.Popen(command, env=environment, cwd=dataset.parent, stderr=subprocess.PIPE) as process:
            wait_for(lambda: any("parquet" in path for path in server.asked))
            process.terminate()
            assert process.wait(20) == 143
            process.communicate()


def test_a_busy_hub_is_named_in_one_line(
    dataset: Path, at: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """However many threads and requests wait for it: the first wait is told, with its length and its cause."""
    monkeypatch.setattr(hub_patience, "_SAID_FROM", 0.0)
    with serving(dataset, once((429, {"Retry-After": "0"}, ""), "/")) as server:
        assert texts(at(server)) == everything()
        said = f"sample: waiting 0 s for {server.url}: it answers 429"
    assert caplog.messages == [said]


def test_a_short_wait_is_not_worth_a_line(dataset: Path, at: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody would have read it before it is over."""
    with serving(dataset, once((503, {}, ""), "/")) as server:
        assert texts(at(server)) == everything()
    assert caplog.messages == []


def test_patience_ends_with_the_listing_it_belongs_to(environment: None) -> None:
    """Whoever is told that nobody wants the answer any more asks once; all others go on as before."""
    asked: list[str] = []

    def ask(who: str) -> None:
        asked.append(who)
        raise hub_patience.Again("busy")

    ended = threading.Event()
    ended.set()
    for who, event in (("given up", ended), ("another", threading.Event()), ("a reader", None)):
        with pytest.raises(hub_patience.Again):
            hub_patience.patiently(partial(ask, who), hub="h", tries=3, ended=event)
    assert asked == ["given up", *["another"] * 3, *["a reader"] * 3]


def test_a_failed_listing_does_not_take_the_patience_of_others(dataset: Path, at: Any) -> None:
    """Row groups that were listed before are read as patiently as ever."""
    faults: list[hub_server.Answer] = []
    with serving(dataset, lambda path, _n: faults.pop() if faults and "/blobs/" in path else None) as server:
        part = at(server).fragments()[0]
        faults += [(503, {}, "")] * 1000
        with pytest.raises(CorpusUnreachable):
            at(server).fragments()
        faults[:] = [(503, {}, "")] * 4
        assert len(list(part.read())) == 10
