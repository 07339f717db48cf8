"""The numbers of a report."""

import json
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from builders import a_sample
from cleaning import of_replies
from generating import answers, failed, generated, replied, seeded
from hypothesis import given
from hypothesis import strategies as st
from reporting import a_run

from magicoder_gen.errors import ConfigError, CorruptData
from magicoder_gen.generate.protocols import Outcome
from magicoder_gen.records import Prompt
from magicoder_gen.report import stats

SAMPLES = [
    a_sample(problem="Sort the list.", solution="```python\nsorted(x)\n```", index=0, seed="one two three four five"),
    a_sample(problem="Sort it again.", solution="```JS\nx.sort()\n```", index=1, language="rust"),
    msgspec.structs.replace(a_sample(problem="Print.", solution="print()", index=2), labels={"stub": "empty_body"}),
]


def test_rows_are_counted_by_language_label_and_length(tmp_path: Path) -> None:
    """By the seed's language and by that of the fence, which are different measures."""
    found, rows = stats.gather(a_run(tmp_path / "r", SAMPLES), None)
    assert found.samples == 3
    assert found.languages.seed == {"python": 2, "rust": 1}
    assert found.languages.fence == {"(no fence)": 1, "javascript": 1, "python": 1}
    assert found.languages.both == {"python": {"(no fence)": 1, "python": 1}, "rust": {"javascript": 1}}
    assert found.labels == {"stub": {"empty_body": 1}}
    assert found.lengths.problem.rows == found.lengths.solution.rows == sum(found.categories.rows.values()) == 3
    assert (found.overlap.measured, found.overlap.half) == (1, 0)
    assert rows.languages == ["python", "rust", "python"]
    assert len(rows.categories) == 3
    assert found.humaneval is None
    assert "similarity to HumanEval" in found.notes[0]


def test_similarity_to_humaneval_finds_a_copy(tmp_path: Path) -> None:
    """The row that repeats a task is the nearest, and named with it."""
    task = {"task_id": "HumanEval/7", "prompt": "def lantern_count(piers):", "canonical_solution": "return len(piers)"}
    (tmp_path / "HumanEval.jsonl").write_text(json.dumps(task) + "\n")
    other = tmp_path / "other.jsonl"
    lines = [
        {"instruction": task["prompt"], "output": task["canonical_solution"]},
        {"instruction": "x y", "output": "z"},
    ]
    other.write_text("".join(json.dumps(line) + "\n" for line in [*lines, {"no": "row"}]))
    copy = a_sample(problem=task["prompt"], solution=task["canonical_solution"], index=3)
    found, rows = stats.gather(a_run(tmp_path / "r", [*SAMPLES, copy]), tmp_path / "HumanEval.jsonl", [other, other])
    assert found.humaneval
    assert (found.humaneval.problems, found.humaneval.cosines.rows) == (1, 4)
    assert (found.humaneval.nearest[0].id, found.humaneval.nearest[0].task) == (copy.id, "HumanEval/7")
    assert found.humaneval.nearest[0].cosine == 1.0
    assert rows.nearest
    assert rows.nearest.tasks == ["HumanEval/7"] * 4
    assert list(found.humaneval.others) == ["other.jsonl", "other.jsonl (2)"]
    assert all(histogram.rows == 2 for histogram in found.humaneval.others.values())
    assert found.humaneval.others["other.jsonl"].bins == {"0": 1, "1": 1}
    assert "other.jsonl: 1 of 3 rows could not be read and are not compared (missing_problem 1)" in found.notes
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(ConfigError, match="there is no task"):
        stats.gather(a_run(tmp_path / "r", SAMPLES), tmp_path / "empty.jsonl")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("o.jsonl", '{"a": 1}\n{"a": 2}\nnot json\n', "none of its 3 rows .*missing_problem 2, not_json 1"),
        ("o.jsonl", "\n\n", "it has no row"),
        ("o.jsonl", "\x7fELF\n" * 300, "none of its 300 rows .*not_json 300"),
        ("o.csv", "problem,solution\n", "^--compare: .*is no JSON lines or parquet file"),
    ],
)
def test_a_data_set_that_is_none_is_no_comparison(tmp_path: Path, name: str, content: str, said: str) -> None:
    """Rather than one of no rows."""
    (tmp_path / "HumanEval.jsonl").write_text('{"task_id": "H/1", "prompt": "p", "canonical_solution": "s"}\n')
    (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError, match=said):
        stats.gather(a_run(tmp_path / "r", SAMPLES), tmp_path / "HumanEval.jsonl", [tmp_path / name])


def test_files_that_are_not_what_clean_counted_are_damaged(tmp_path: Path) -> None:
    """Of the same size, with another row: the numbers would not add up."""
    run = a_run(tmp_path / "r", SAMPLES)
    manifest = run.root / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"out": 3', '"out": 4').replace('"in": 3', '"in": 4'))
    with pytest.raises(CorruptData, match="hold 3 and 0 rows, but clean wrote 4 and 0"):
        stats.gather(run, None)
    run = a_run(tmp_path / "s", SAMPLES)
    (run.folder("samples") / "part-00000.jsonl").write_text("{}\n")
    with pytest.raises(CorruptData, match="not the file that clean wrote"):
        stats.gather(run, None)


def sometimes(prompt: Prompt) -> Outcome:
    """Answers for a dollar; one prompt fails, one answer is no task."""
    if prompt.seed.index == 0:
        return failed(prompt, final=True)
    if prompt.seed.index == 1:
        return replied(prompt, "Sorry.", cost=1.0)
    number = prompt.seed.index
    text = f"[Problem Description]\nWrite a function called number_{number} that prints it.\n[Solution]\n"
    return replied(prompt, f"{text}```python\ndef number_{number}(): print({number})\n```\n", cost=1.0)


def test_a_run_from_seed_to_row_adds_up(tmp_path: Path) -> None:
    """Asked, answered, parsed, kept; and what was paid."""
    run = seeded(tmp_path / "r", 6)
    generated(run, sometimes, max_failed=0.5)
    before, _ = stats.gather(run, None)
    assert before.samples == 0
    assert "no rows are analysed" in before.notes[0]
    of_replies(run.root, answers(run))
    found, _ = stats.gather(run, None)
    steps = {step.name: (step.taken, step.kept, step.lost) for step in found.funnel}
    assert steps["generate"] == (6, 5, {"context_length": 1})
    assert steps["parse"][:2] == (5, 4)
    assert steps["clean"] == (4, found.samples, {})
    assert sum(found.reasons.values()) == found.rejections == 1
    assert found.traffic
    assert (found.traffic.cost, found.traffic.replies, found.traffic.output_tokens) == (5.0, 5, 100)
    assert len(found.notes) == 1


def test_no_rows_are_no_error(tmp_path: Path) -> None:
    """A clean that kept nothing."""
    found, _ = stats.gather(a_run(tmp_path / "r"), None)
    assert (found.samples, found.self_similarity.rows, found.overlap.shares.mean) == (0, 0, None)


def test_endless_names_are_summed_up(tmp_path: Path) -> None:
    """A run of 100 languages has a table of 20 and the others, which add up; long names are cut."""
    names = ["x" * 1_000_000, *(f"l{n}" for n in range(99))]
    rows = [a_sample(problem=f"p{n}", solution=f"s{n}", index=n, language=name) for n, name in enumerate(names)]
    found, _ = stats.gather(a_run(tmp_path / "r", rows), None)
    assert max(map(len, found.languages.seed)) < 200
    assert len(found.languages.seed) == 21
    assert found.languages.seed["(others)"] == 80
    assert sum(sum(inner.values()) for inner in found.languages.both.values()) == 100
    assert found.languages.both["(others)"] == {"(no fence)": 80}


def test_a_row_that_is_called_as_the_others_are_is_added_to_them(tmp_path: Path) -> None:
    """Whoever made the rows chose their names."""
    names = ["(others)", "(others)", *(f"l{n:02d}" for n in range(30))]
    rows = [
        msgspec.structs.replace(
            a_sample(problem=f"p{n}", solution=f"s{n}", index=n, language=name), labels={f"label{n:02d}": True}
        )
        for n, name in enumerate(names)
    ]
    found, _ = stats.gather(a_run(tmp_path / "r", rows), None)
    assert found.languages.seed["(others)"] == 2 + 11
    assert sum(found.languages.seed.values()) == 32
    assert found.languages.both["(others)"] == {"(no fence)": 13}
    assert sum(sum(inner.values()) for inner in found.languages.both.values()) == 32
    assert found.labels["(others)"] == {"True": 12}
    assert sum(sum(inner.values()) for inner in found.labels.values()) == 32
    assert stats.named(Counter({"a": 3, "(others)": 1})) == {"a": 3, "(others)": 1}


@given(st.lists(st.text(max_size=2), max_size=80))
def test_no_count_is_lost_in_a_table(names: list[str]) -> None:
    """Whatever the names are."""
    found = stats.named(Counter([*names, "(others)"]))
    assert sum(found.values()) == len(names) + 1
    assert len(found) <= 21
