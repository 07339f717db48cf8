"""What goes for which entry, and what a stage's counts are then."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from builders import a_seed
from command import lines, products, run
from generating import Asked, generated, journaled, replied, seeded
from hypothesis import given, settings
from hypothesis import strategies as st
from purging import (
    SEEDS,
    assert_counted,
    copied,
    mark,
    purged,
    raw,
    saying,
    words_of,
)

from magicoder_gen.errors import LimitReached
from magicoder_gen.generate.limits import Limits
from magicoder_gen.records import Counts, Intent
from magicoder_gen.storage import jsonl
from magicoder_gen.storage.rundir import RunDir


def test_a_sample_that_is_listed_goes_with_its_reply_and_is_not_asked_for_again(made: Path, a_run: RunDir) -> None:
    """Its seed stays, for whoever wrote the code asked for nothing."""
    sample = lines(made / "samples")[0]
    done = purged(a_run, f"id {sample['id']}")
    assert done.removed["replies"] == done.removed["samples"] == 1
    assert "seeds" not in done.removed
    words = {sample["id"], mark(sample["seed"], "reply")}
    assert saying(a_run.root, words) == {}
    generate = a_run.stages()["generate"].counts
    assert generate
    assert (generate.taken, generate.kept, generate.reasons) == (SEEDS, SEEDS - 1, {"opted_out": 1})
    stages = a_run.stages()
    stages["generate"] = msgspec.structs.replace(stages["generate"], state="partial")
    a_run.replace(stages)
    again = run("generate", "--run", "r", cwd=a_run.root.parent)
    assert (again.returncode, "asking" in again.stderr) == (0, False), again.stderr
    assert a_run.stages()["generate"].counts == generate
    assert purged(a_run, f"id {sample['id']}").removed == {}


@pytest.mark.parametrize("kind", ["seed", "prompt", "path", "swhid"])
def test_each_kind_of_entry(made: Path, a_run: RunDir, kind: str) -> None:
    """Takes what it names: of a seed all that came of it, of a prompt its answer, of a folder what lies in it."""
    sample = lines(made / "samples")[1]
    entry, seeds = {
        "seed": (f"id {sample['seed']['id']}", 1),
        "prompt": (f"id {sample['prompt_id']}", 0),
        "path": ("path src/d2/", len([s for s in lines(made / "seeds") if s["origin"]["path"].startswith("src/d2/")])),
        "swhid": (f"swhid {sample['seed']['origin']['swhid']};lines=1", 1),
    }[kind]
    done = purged(a_run, entry)
    assert done.removed.get("seeds", 0) == seeds
    assert done.removed["replies"] == max(1, seeds)
    left = {row["id"] for row in lines(a_run.folder("samples"))}
    assert (sample["id"] in left) == (kind == "path" and not sample["seed"]["origin"]["path"].startswith("src/d2/"))
    assert_counted(a_run) if kind != "prompt" else None


def test_seeds_with_the_same_prompt(tmp_path: Path) -> None:
    """The answer goes with the seed for which it was asked; the other seed's prompt is not asked again."""
    root, asked = seeded(tmp_path / "r", 4, same=2), Asked()
    generated(root, asked)
    assert asked.seeds == [0, 1, 2]
    purged(root, "path s2.py")
    assert [seed.index for seed in jsonl.read_parts(root.folder("seeds"), type(a_seed()))] == [0, 1, 3]
    counts = root.stages()["generate"].counts
    assert counts
    assert (counts.taken, counts.kept, counts.reasons) == (3, 2, {"opted_out": 1})
    stages = root.stages()
    stages["generate"] = msgspec.structs.replace(stages["generate"], state="partial")
    root.replace(stages)
    assert generated(root, asked, max_failed=0.5).counts == counts
    assert asked.counted.total() == 3


def test_several_answers_of_a_seed(tmp_path: Path) -> None:
    """Of a prompt that is listed only its own answer goes; what is left pending of others is still asked."""
    root, asked = seeded(tmp_path / "r", 3), Asked()
    generated(root, asked, answers_per_seed=2, temperature=1.0, seed=1)
    first = asked.prompts[0].id
    purged(root, f"id {first}", "path s2.py")
    counts = root.stages()["generate"].counts
    assert counts
    assert (counts.taken, counts.kept, counts.reasons) == (4, 3, {"opted_out": 1})
    assert [entry.prompt_id for entry in journaled(root) if not isinstance(entry, Intent)].count(first) == 1
    assert generated(root, asked, answers_per_seed=3, temperature=1.0, seed=1, allow_drift=True).counts
    assert len(asked.prompts) == 6 + 2
    assert len({prompt.id for prompt in asked.prompts}) == 8


def test_with_another_model_nothing_is_asked_again_where_answers_are_kept(tmp_path: Path) -> None:
    """Neither for seeds with an answer, gaps before them or not, nor for the one whose answer was purged."""
    root, asked = seeded(tmp_path / "r", 6), Asked()
    generated(root, asked)
    purged(root, "path s0.py", "path s1.py", f"id {next(one.id for one in asked.prompts if one.seed.index == 4)}")
    counts = generated(root, asked, model="another", allow_drift=True, max_failed=0).counts
    assert counts == Counts(4, 3, {"opted_out": 1})
    assert len(asked.prompts) == 6


def test_answers_that_were_asked_for_again_go_together(tmp_path: Path) -> None:
    """The one that was cut off and the longer one."""
    root = seeded(tmp_path / "r", 2)

    def say(prompt: Any) -> Any:
        return replied(prompt, finish_reason="stop" if prompt.redo_of else "length")

    generated(root, say, redo_truncated=200)
    redone = next(entry for entry in journaled(root) if getattr(entry, "redo_of", None))
    purged(root, f"id {redone.prompt_id}")
    left = [entry.prompt_id for entry in journaled(root) if not isinstance(entry, Intent)]
    assert redone.prompt_id not in left
    assert left.count(redone.redo_of) == 1
    counts = root.stages()["generate"].counts
    assert counts
    assert counts.reasons == {"opted_out": 1}


def test_a_run_that_is_half_way_goes_on_without(tmp_path: Path) -> None:
    """Seeds that were not asked yet are not asked any more; what is counted is what the next command counts."""
    root, asked = seeded(tmp_path / "r", 8), Asked()
    with pytest.raises(LimitReached):
        generated(root, asked, limits=Limits(max_requests=4), concurrency=1)
    before = sorted(asked.seeds)
    purged(root, f"path s{before[0]}.py", *(f"path s{index}.py" for index in (6, 7) if index not in before))
    counts = root.stages()["generate"].counts
    assert counts
    assert (counts.taken, counts.kept, counts.reasons) == (5, 3, {"not_asked": 2})
    assert generated(root, asked).counts == Counts(5, 5, {})
    assert len(asked.prompts) == 6
    assert len(asked.counted) == 6


@settings(max_examples=8)
@given(numbers=st.sets(st.integers(0, 4), max_size=3), folders=st.sets(st.integers(0, 3), max_size=2), data=st.data())
def test_any_list_takes_what_it_names_and_order_does_not_matter(
    made: Path, tmp_path_factory: pytest.TempPathFactory, numbers: set[int], folders: set[int], data: st.DataObject
) -> None:
    """Purged one after the other or at once: the same files, right counts, and no seed that is listed."""
    every = lines(made / "seeds")
    ids = data.draw(st.sets(st.sampled_from([seed["id"] for seed in every]), max_size=3))
    listed = (
        [f"repo owner{n}/thing" for n in numbers] + [f"path src/d{n}" for n in folders] + [f"id {one}" for one in ids]
    )
    goes = {
        seed["id"]
        for seed in every
        if seed["id"] in ids
        or int(seed["origin"]["repo"][5]) in numbers
        or any(seed["origin"]["path"].startswith(f"src/d{n}/") for n in folders)
    }
    samples = {row["seed"]["id"] for row in lines(made / "samples")}
    if not listed or samples <= goes:
        return
    at_once = copied(made, tmp_path_factory.mktemp("once"))
    in_turn = copied(made, tmp_path_factory.mktemp("turn"))
    purged(at_once, *listed)
    for entry in listed:
        purged(in_turn, entry)
    for one in (at_once, in_turn):
        assert_counted(one)
        assert {seed["id"] for seed in lines(one.folder("seeds"))} == {seed["id"] for seed in every} - goes
    assert products(at_once.root) == products(in_turn.root)
    assert raw(at_once.folder("replies")) == raw(in_turn.folder("replies"))
    gone = [seed for seed in every if seed["id"] in goes]
    assert saying(at_once.root, words_of(made, gone)) == {}
