"""Whatever happens between two bytes: every prompt gets one answer, no sum lies, the bill stays within its limit."""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from generating import failed, generated, intents, journaled, replied, seeded
from hypothesis import given, settings
from hypothesis import strategies as st

from magicoder_gen.errors import LimitReached, PoorYield
from magicoder_gen.generate import exchange, journal
from magicoder_gen.generate.index import Index
from magicoder_gen.generate.index_file import NAME
from magicoder_gen.generate.limits import Limits
from magicoder_gen.generate.prices import Price
from magicoder_gen.generate.protocols import Outcome
from magicoder_gen.records import Prompt, Reply, Usage
from magicoder_gen.storage.rundir import RunDir

PRICE = Price(input=100.0, output=1000.0)
USUAL, SHORT, CUT, FAILED, UNCERTAIN, REFUSED, LOST = range(7)


class Server:
    """Bills what it is asked, and ends the command in the middle as kill -9 does: by what is on disk at that moment."""

    def __init__(self, events: list[int], root: Path) -> None:
        self.billed = 0.0
        self.killed: Path | None = None
        self.asked: Counter[str] = Counter()
        self._root = root
        self._events = iter(events)
        self.kill_in: int | None = None

    def __call__(self, prompt: Prompt) -> Outcome | None:
        """Bill the request, then answer, fail, or see the asker die."""
        event = next(self._events, USUAL)
        self.asked[prompt.id] += 1
        most = PRICE.at_most(prompt)
        assert most is not None
        free = event in {FAILED, REFUSED}
        cost = 0.0 if free else most if event in {UNCERTAIN, LOST} else most / (1 + event)
        self.billed += cost
        self._die()
        if event in {FAILED, UNCERTAIN, REFUSED}:
            return failed(prompt, final=event == REFUSED, uncertain=event == UNCERTAIN)
        finish = "length" if event == CUT else "stop"
        return None if event == LOST else replied(prompt, finish_reason=finish, usage=Usage(1, 2), cost=cost)

    def _die(self) -> None:
        if self.kill_in is None:
            return
        self.kill_in -= 1
        if self.kill_in < 0:
            self.kill_in = None
            self.killed = self._root / f"killed-{len(list(self._root.iterdir()))}"
            shutil.copytree(self._root / "now", self.killed)
            with journal.part_paths(self.killed / "replies")[-1].open("ab") as part:
                part.write(b'{"crc32":"01234567","rec')
            raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def _always_committing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the index as near to the journal as can be, so that a kill finds it at every point."""
    monkeypatch.setattr(exchange, "TICK", 0.0)


def sums(run: RunDir) -> object:
    """What the index says; the same, counted anew, is what the journal says."""
    with Index.reading(run.folder("replies")) as index:
        return index.totals, index.open, round(index.at_most(), 9), list(index.places())


def recounted(run: RunDir, folder: Path) -> object:
    """What the journal alone says."""
    shutil.copytree(run.folder("replies"), folder / "replies")
    for path in (folder / "replies").glob(f"{NAME}*"):
        path.unlink()
    found = sums(RunDir(folder))
    shutil.rmtree(folder)
    return found


def sitting(root: Path, server: Server, **options: object) -> bool:
    """One command; return whether it was killed, in which case the run directory is what it had left on disk."""
    run = RunDir(root / "now")
    try:
        generated(run, server, **options)
    except KeyboardInterrupt:
        assert server.killed is not None
        shutil.rmtree(root / "now")
        server.killed.rename(root / "now")
        return True
    except (LimitReached, PoorYield):
        pass
    assert sums(run) == recounted(run, root / "again")
    return False


@settings(max_examples=25)
@given(
    events=st.lists(st.integers(USUAL, LOST), max_size=40),
    kills=st.lists(st.none() | st.integers(0, 8), min_size=1, max_size=6),
    seeds=st.integers(1, 6),
    answers=st.integers(1, 2),
    redo=st.sampled_from([None, 200]),
    max_cost=st.floats(0.1, 5.0),
)
def test_every_prompt_gets_one_answer_and_the_bill_is_kept(
    tmp_path_factory: pytest.TempPathFactory,
    *,
    events: list[int],
    kills: list[int | None],
    seeds: int,
    answers: int,
    redo: int | None,
    max_cost: float,
) -> None:
    """Under kills, failures and retries: first within a budget, then without one until nothing is left to ask."""
    root = tmp_path_factory.mktemp("run")
    seeded(root / "now", seeds)
    server = Server(events, root)
    options = {"answers_per_seed": answers, "redo_truncated": redo, "price": PRICE, "max_failed": 1.0}
    for kill_in in kills:
        server.kill_in = kill_in
        sitting(root, server, limits=Limits(max_cost=max_cost), **options)
        assert server.billed <= max_cost
    server.kill_in = None
    run = RunDir(root / "now")
    for _ in ended(run, len(events)):
        sitting(root, server, **options)
    check_answers(run, server)


def ended(run: RunDir, most: int) -> Iterator[int]:
    """Count commands until the stage is complete, which it is at the latest when every event has happened."""
    for number in range(most + 2):
        yield number
        if run.stages()["generate"].state == "complete":
            return
    raise AssertionError("the stage does not end")


def check_answers(run: RunDir, server: Server) -> None:
    """No prompt twice answered; counts that add up; no request that the journal does not know."""
    once = Counter(entry.prompt_id for entry in journaled(run) if isinstance(entry, Reply))
    assert set(once.values()) <= {1}
    counts = run.stages()["generate"].counts
    assert counts is not None
    assert counts.taken == counts.kept + sum(counts.reasons.values())
    assert set(counts.reasons) <= {"context_length"}
    assert server.asked <= intents(run)
