"""Categories in a report: told as the run's configuration says, the same as an export tells them."""

import json
from pathlib import Path

import command
import embedding_server
import exporting
import pytest
from category_tasks import TASKS, task_run

from magicoder_gen.categories.sentences import Sentences
from magicoder_gen.categories.words import Words
from magicoder_gen.embeddings.endpoint import Endpoint
from magicoder_gen.errors import ConfigError
from magicoder_gen.export.options import ExportOptions
from magicoder_gen.report import stage, stats


def test_the_method_is_named_with_the_model(tmp_path: Path) -> None:
    """By words unless something else is asked for; each row's category is one of those that were counted."""
    run = task_run(tmp_path)
    found, rows = stats.gather(run, None)
    assert found.categories.method == Words().method() == "TF-IDF cosine with typical words"
    assert found.categories.rows == dict.fromkeys(TASKS, 1)
    assert rows.categories.tolist() == list(range(10))
    with embedding_server.serving() as server:
        by_meaning = Sentences(embeddings=Endpoint(model="small-model", base_url=server.url, api_key_env=None))
        found, _ = stats.gather(run, None, categories=by_meaning)
    assert found.categories.method == "sentence embeddings by small-model, cosine with phrases from 0.2"
    assert sum(found.categories.rows.values()) == 10


def test_a_report_tells_what_an_export_tells(tmp_path: Path) -> None:
    """HumanEval and other data sets, which share its TF-IDF, do not change a category."""
    run = task_run(tmp_path)
    tasks = [{"task_id": f"HumanEval/{n}", "prompt": f"SQL query {n}", "canonical_solution": "x"} for n in range(30)]
    (tmp_path / "HumanEval.jsonl").write_text("".join(json.dumps(task) + "\n" for task in tasks))
    found, rows = stats.gather(run, tmp_path / "HumanEval.jsonl")
    webs = [one for one, place in zip(rows.ids, rows.categories, strict=True) if list(TASKS)[place] == "Web"]
    exporting.exported(run, ExportOptions(where='category = "Web"'))
    assert [row["id"] for row in exporting.rows(run, "problem_solution")] == webs
    assert found.categories.rows["Web"] == len(webs) == 1


def test_what_is_missing_is_told_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the line for pip."""
    run = task_run(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"pip install \"magicoder-gen\[embed\]\""):
        stage.write(run, categories=Sentences())
    assert not (tmp_path / "stats.json").exists()
    assert not run.folder("embeddings").exists()


def test_the_command_goes_by_the_runs_configuration_and_by_set(tmp_path: Path) -> None:
    """A second report has the same bytes, and asks and pays nothing."""
    run = task_run(tmp_path / "run")
    with embedding_server.serving() as server:
        embeddings = {"type": "endpoint", "model": "m", "base_url": server.url, "api_key_env": None}
        (run.root / "config.yaml").write_text(
            json.dumps({"categories": {"type": "sentences", "embeddings": embeddings}})
        )
        first = command.run("report", run.root, cwd=tmp_path)
        assert first.returncode == 0, first.stderr
        assert "embedding: about 10 problems" in first.stderr
        assert "embedded: " in first.stderr
        written = (run.root / "stats.json").read_bytes()
        assert json.loads(written)["categories"]["method"].startswith("sentence embeddings by m,")
        asked = server.texts.total()
        again = command.run("report", run.root, cwd=tmp_path)
        assert (again.returncode, again.stderr) == (0, "")
        assert (run.root / "stats.json").read_bytes() == written
        assert server.texts.total() == asked
    other = command.run("report", run.root, "--set", "categories={type: words}", cwd=tmp_path)
    assert other.returncode == 0, other.stderr
    assert json.loads((run.root / "stats.json").read_bytes())["categories"]["method"] == Words().method()
