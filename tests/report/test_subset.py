"""Which rows the page shows."""

from collections import Counter
from pathlib import Path

import pytest
from builders import a_sample, a_seed
from cleaning import of_replies
from generating import answers, generated, replied, seeded
from hypothesis import given
from hypothesis import strategies as st
from reporting import HOSTILE, a_run

from magicoder_gen.records import Prompt, Rejection, Reply
from magicoder_gen.report import stats, subset
from magicoder_gen.storage.rundir import RunDir


@given(st.lists(st.sampled_from("abc")), st.integers(0, 30))
def test_groups_take_turns(groups: list[str], most: int) -> None:
    """Each row at most once; no group has two rows more than another that has any left."""
    found = subset.chosen(groups, most)
    assert len(set(found)) == len(found) == min(most, len(groups))
    shown, there = Counter(groups[row] for row in found), Counter(groups)
    assert all(shown[one] >= min(there[one], shown[other] - 1) for one in there for other in there)


def test_more_rows_do_not_change_the_order_of_those_before() -> None:
    """The choice of fewer is the beginning of the choice of more."""
    groups = ["a"] * 50 + ["b"] * 3
    assert subset.chosen(groups, 60)[:10] == subset.chosen(groups, 10)
    assert subset.chosen([], 5) == []


def shown(run: RunDir) -> list[subset.Shown]:
    """The samples that the page of a run shows."""
    return subset.samples(run, stats.gather(run, None)[1], subset.asker(run))


def test_rows_stop_where_the_page_would_grow_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By bytes, as the page has them: `<` takes six."""
    samples = [a_sample(seed=f"s{n}", problem="<" * 500, solution=f"x = {n}", index=n) for n in range(20)]
    run = a_run(tmp_path / "r", samples)
    assert len(shown(run)) == 20
    monkeypatch.setitem(subset.BYTES, "sample", 20_000)
    assert 3 <= len(shown(run)) <= 6


def test_a_row_has_seed_prompt_reply_and_result(tmp_path: Path) -> None:
    """Side by side, where a teacher was asked; the prompt only where the configuration is there."""
    run = seeded(tmp_path, 3)

    def say(prompt: Prompt) -> Reply:
        text = f"[Problem Description]\nWrite number {prompt.seed.index}, please, and print it.\n[Solution]\n"
        return replied(prompt, f"{text}```python\nprint({prompt.seed.index})\n```\n")

    generated(run, say)
    of_replies(tmp_path, answers(run))
    assert {title for row in shown(run) for title, _, _ in row.texts} == {"Seed", "Raw reply", "Problem", "Solution"}
    run.config_path.write_text("{}")
    rows = shown(run)
    assert len(rows) == 3
    for row in rows:
        texts = {title: text for title, text, _ in row.texts}
        number = texts["Seed"].removeprefix("x = ").strip()
        assert f"x = {number}" in texts["Prompt"]
        assert texts["Raw reply"].startswith(f"[Problem Description]\nWrite number {number}")
        assert texts["Problem"].startswith(f"Write number {number}")
    run.config_path.write_text("generate: {recipe: ./gone.txt}")
    assert "Prompt" not in {title for row in shown(run) for title, _, _ in row.texts}


def test_nothing_that_acts_is_in_a_row(tmp_path: Path) -> None:
    """Escape sequences are pictures, names of languages are cut."""
    run = a_run(tmp_path / "r", [a_sample(problem=HOSTILE, language="x" * 5000)])
    (row,) = shown(run)
    assert len(row.language) < 200
    assert "\x1b" not in "".join(text for _, text, _ in row.texts) + row.title


def test_beside_a_repetition_is_the_sample_that_stayed(tmp_path: Path) -> None:
    """If it is one of this run."""
    sample = a_sample(problem="Sort it.", solution="sorted(x)")
    lost = [Rejection("p", a_seed(), "t", "near", "similar", {"kept": one}, one) for one in (sample.id, "elsewhere")]
    run = a_run(tmp_path / "r", [sample], lost)
    rows = subset.rejections(run, stats.gather(run, None)[1], subset.asker(run))
    assert {row.id: row.facts["repeats"] for row in rows} == {
        sample.id: f"{sample.id}, a sample, shown beside",
        "elsewhere": "elsewhere, which was dropped too, for something else",
    }
    texts = {row.id: {title: text for title, text, _ in row.texts} for row in rows}
    assert texts[sample.id]["The sample that stayed"] == "Sort it.\n\nsorted(x)"
    assert "The sample that stayed" not in texts["elsewhere"]


def test_a_row_that_another_data_set_has_names_it(tmp_path: Path) -> None:
    """There is no such sample here to be shown; its id and where it is are."""
    evidence: dict[str, str | int | float | None] = {"kept": "a1b2", "published": "runs/first", "similarity": 0.9}
    run = a_run(tmp_path / "r", [], [Rejection("p", a_seed(), "t", "near", "published", evidence, "r1")])
    (row,) = subset.rejections(run, stats.gather(run, None)[1], subset.asker(run))
    assert row.facts["repeats"] == "a1b2, a sample of another data set: runs/first"
    assert row.facts["id it would have had"] == "r1"


def test_the_benchmark_stands_beside_the_row(tmp_path: Path) -> None:
    """Its text, where it is known."""
    evidence: dict[str, str | int | float | None] = {"tier": "verbatim", "item": "HumanEval/1", "text": "x"}
    run = a_run(tmp_path / "r", [], [Rejection("p", a_seed(), "ours", "decontaminate", "humaneval", evidence, "r1")])
    (row,) = subset.rejections(run, stats.gather(run, None)[1], subset.asker(run), {"HumanEval/1": "theirs"})
    assert [(title, text) for title, text, _ in row.texts][:2] == [
        ("Raw text", "ours"),
        ("The benchmark's item", "theirs"),
    ]


@given(st.lists(st.sampled_from(["", "a", "a-2", "a-2-2", "ab", "rejection-2", "sample-2"])))
def test_each_row_has_a_key_of_its_own(ids: list[str]) -> None:
    """Which is its id, unless an earlier row has that or there is none."""
    rows = [subset.Shown("sample", one, "t", "python", {}, []) for one in ids]
    found = subset.keyed(rows)
    keys = [row.key or row.id for row in found]
    assert "" not in keys
    assert len(set(keys)) == len(keys)
    assert [row.id for row in found] == ids
    for number, one in enumerate(ids):
        if one and one not in ids[:number]:
            assert keys[number] == one


def test_a_template_that_fails_for_a_seed_costs_its_prompt(tmp_path: Path) -> None:
    """Templates are programs of the user's; the other rows have theirs."""
    run = seeded(tmp_path, 3)
    generated(run)
    (tmp_path / "template.txt").write_text("{{ code }}{{ 1 // (0 if '1' in code else 1) }}")
    run.config_path.write_text(f"generate: {{recipe: {tmp_path / 'template.txt'}}}")
    ask = subset.asker(run)
    assert ask(a_seed("x = 1")) is None
    assert "x = 2" in (ask(a_seed("x = 2")) or "")
