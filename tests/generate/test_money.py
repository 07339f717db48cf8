"""What may have been paid stays on the bill, however the run ends."""

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest
from builders import ADesk, a_prompt, a_seed
from generating import Asked, failed, generated, seeded
from loopback import serving

from magicoder_gen.errors import CorruptData, Drift, LimitReached, TeacherUnreachable
from magicoder_gen.generate import exchange
from magicoder_gen.generate.index import Index
from magicoder_gen.generate.index_file import NAME
from magicoder_gen.generate.limits import Limits
from magicoder_gen.generate.prices import Price, bound
from magicoder_gen.generate.teachers.chat import Chat, answers
from magicoder_gen.records import Failure, Reply, Sampling


@pytest.mark.parametrize("retry_timeouts", [True, False])
def test_requests_that_hung_until_patience_was_over_may_have_been_paid(*, retry_timeouts: bool) -> None:
    """Each of them, also those that were under way when it was; and it is 69, not a request that is wrong."""
    prompts = [a_prompt(a_seed(index=n), id=f"p{n}", content=f"prompt {n}") for n in range(12)]
    outcomes: list[Reply | Failure] = []

    async def collect(url: str) -> None:
        chat = Chat(base_url=url, concurrency=3, timeout=0.4, patience=0.3, attempts=9, retry_timeouts=retry_timeouts)
        async for outcome in answers(chat, ADesk(prompts), keys=["key"]):
            outcomes.append(outcome)  # noqa: PERF401  # what came before the error counts

    with serving() as server:
        server.seconds = 30.0
        with pytest.raises(TeacherUnreachable):
            asyncio.run(collect(server.url))
    sent = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    assert sent
    assert all(outcome.uncertain and not outcome.final for outcome in sent)


def test_the_bound_is_the_largest_that_is_sent() -> None:
    """Whichever of the two a server heeds."""
    assert bound(Sampling("m", max_tokens=10, extra={"max_completion_tokens": 500})) == 500


@pytest.mark.parametrize("name", ["max_tokens", "model", "n", "best_of", "stream"])
def test_extra_cannot_change_what_is_counted(name: str) -> None:
    """What has a key of its own is set by that key."""
    with pytest.raises(ValueError, match=f"extra must not hold {name}"):
        Chat(extra={name: 5})


def test_a_target_that_is_reached_is_not_a_limit(tmp_path: Path) -> None:
    """Though the last request was also the last that was allowed."""
    limits = Limits(target_accepted=3, max_requests=3)
    assert generated(seeded(tmp_path, 9), limits=limits, concurrency=1).state == "complete"


def test_a_plan_that_was_cut_off_with_the_index_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a kill the journal is ahead of the index, and so are its prompts: the counts say what is there."""
    run, asked = seeded(tmp_path, 30), Asked()
    with pytest.raises(LimitReached):
        generated(run, asked, limits=Limits(max_requests=4))
    kept = tmp_path / "kept.sqlite"
    shutil.copy(run.folder("replies") / NAME, kept)
    with pytest.raises(LimitReached):
        generated(run, asked, limits=Limits(max_requests=20))
    shutil.copy(kept, run.folder("replies") / NAME)
    entry = generated(run, asked, limits=Limits(target_accepted=5))
    assert (entry.counts.kept, entry.counts.reasons) == (20, {"not_needed": 10})
    assert asked.counted.total() == 20
    monkeypatch.setattr(exchange, "TICK", 0.01)
    assert generated(run, asked).counts.kept == 30
    assert max(asked.counted.values()) == 1


def test_drift_that_was_allowed_stays_so_although_nothing_was_asked(tmp_path: Path) -> None:
    """The next command needs no flag."""
    run = seeded(tmp_path, 4)
    generated(run)
    generated(run, temperature=0.7, allow_drift=True)
    assert generated(run, temperature=0.7).state == "complete"
    with pytest.raises(Drift):
        generated(run, temperature=0.9)


def test_a_damaged_index_is_one_line(tmp_path: Path) -> None:
    """It names the file, which can be deleted."""
    run = seeded(tmp_path, 400)
    generated(run)
    path = run.folder("replies") / NAME
    with sqlite3.connect(path) as database:
        pages = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'outcomes'").fetchone()[0]
    content = bytearray(path.read_bytes())
    content[(pages - 1) * 4096 : pages * 4096] = b"\x5a" * 4096
    path.write_bytes(content)
    with pytest.raises(CorruptData, match=r"index\.sqlite: .* delete this file"), Index.reading(path.parent) as index:
        list(index.places())


def test_what_failed_after_it_may_have_been_paid_is_on_the_bill(tmp_path: Path) -> None:
    """And so the next command cannot spend that money once more."""
    run, price = seeded(tmp_path, 8), Price(input=0.0, output=4000.0)  # 0.4 dollars a request at most
    with pytest.raises(LimitReached):
        generated(
            run, lambda prompt: failed(prompt, uncertain=True), price=price, max_failed=1.0, limits=Limits(max_cost=1.0)
        )
    with Index.reading(run.folder("replies")) as index:
        assert index.at_most() <= 1.0
        assert index.totals.lost == 2
