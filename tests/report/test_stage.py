"""A report is about one version of a run, and nothing of what was purged comes back by it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from builders import a_sample, a_seed
from cleaning import of_replies
from command import run as command
from generating import answers, generated, replied, seeded
from purging import purged
from reporting import a_run

from magicoder_gen.categories.sentences import Sentences
from magicoder_gen.categories.words import Words
from magicoder_gen.embeddings.endpoint import Endpoint
from magicoder_gen.errors import CorruptData, TryLater
from magicoder_gen.records import Prompt, Rejection, Reply
from magicoder_gen.report import stage
from magicoder_gen.storage.rundir import PURGING, RunDir

MADE = ("report.html", "stats.json")


class Meddling(Words, frozen=True):
    """Something happens to the run while its rows' categories are told: its samples are counted, none is shown yet."""

    happens: Callable[[], Any] = dict

    def told(self, run: RunDir, progress: Any) -> Any:
        """Let it happen, then tell."""
        found = super().told(run, progress)
        self.happens()
        return found


def a_whole_run(folder: Path) -> RunDir:
    """A run of six seeds, each answered and kept."""

    def say(prompt: Prompt) -> Reply:
        task = f"Write number {prompt.seed.index}, please, and print it."
        return replied(
            prompt, f"[Problem Description]\n{task}\n[Solution]\n```python\nprint({prompt.seed.index})\n```\n"
        )

    run = seeded(folder, 6)
    generated(run, say)
    of_replies(folder, answers(run))
    return run


def written(run: RunDir) -> list[str]:
    """Which of the report's files are there."""
    return [name for name in MADE if (run.root / name).exists()]


def test_nothing_is_reported_while_a_purge_is_not_finished(tmp_path: Path) -> None:
    """Interrupted or running: the command says what to do, and writes nothing."""
    run = a_run(tmp_path / "r", [a_sample()])
    (run.root / PURGING).touch()
    done = command("report", run.root, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (75, 1)
    assert "a purge is not finished; wait for it" in done.stderr
    assert written(run) == []


def test_what_was_purged_meanwhile_does_not_come_back(tmp_path: Path) -> None:
    """The report that was read before the purge is not written after it."""
    run = a_whole_run(tmp_path / "r")
    gone = answers(run)[0]
    meddling = Meddling(happens=lambda: purged(run, f"id {gone.seed.id}"))
    with pytest.raises(TryLater, match="changed while it was read; run the same command again"):
        stage.write(run, categories=meddling)
    assert written(run) == []
    assert stage.write(run).samples == 5


def test_a_purge_that_begins_while_it_is_written_leaves_nothing(tmp_path: Path) -> None:
    """However little time was between."""
    run = a_run(tmp_path / "r", [a_sample()])
    stage.write(run)

    class Purged(dict[Path, bytes]):
        def items(self) -> Any:
            (run.root / PURGING).touch()
            return super().items()

    stage.publish(run, stage.version(run), Purged({run.root / name: b"mark" for name in MADE}))
    assert written(run) == []


def test_rows_that_change_while_they_are_read_are_no_fault_of_the_program(tmp_path: Path) -> None:
    """Clean ran meanwhile and kept fewer: neither a traceback nor numbers of two versions."""
    samples = [a_sample(problem=f"p{n}", index=n) for n in range(5)]
    run = a_run(tmp_path / "r", samples)
    with pytest.raises(TryLater, match="changed while it was read"):
        stage.write(run, categories=Meddling(happens=lambda: a_run(run.root, samples[:2])))
    assert written(run) == []


def test_no_report_is_about_two_versions(tmp_path: Path) -> None:
    """Other rows have taken the place of those that were counted: they can be read, and would not fit the numbers."""
    run = a_run(tmp_path / "r", [a_sample(problem=f"p{n}", index=n) for n in range(5)])
    others = [a_sample(problem=f"q{n}", index=n) for n in range(5)]
    with pytest.raises(TryLater, match="changed while it was read"):
        stage.write(run, categories=Meddling(happens=lambda: a_run(run.root, others)))
    assert written(run) == []


def test_damage_is_not_called_a_change(tmp_path: Path) -> None:
    """Where nobody has written to the run, waiting does not help."""
    run = a_run(tmp_path / "r", [a_sample(problem=f"p{n}", index=n) for n in range(5)])

    def cut() -> None:
        path = run.folder("samples") / "part-00000.jsonl"
        path.write_bytes(path.read_bytes()[:-9])

    with pytest.raises(CorruptData, match="part-00000"):
        stage.write(run, categories=Meddling(happens=cut))


def test_a_run_that_somebody_writes_to_is_reported(tmp_path: Path) -> None:
    """As it is now; unless vectors were to be kept in it, which is writing too."""
    run = a_run(tmp_path / "r", [a_sample()])
    vectors = Sentences(embeddings=Endpoint(model="m", base_url="http://127.0.0.1:9/v1", api_key_env=None))
    with run.locked():
        assert stage.write(run).samples == 1
        with pytest.raises(TryLater, match="is in use by pid"):
            stage.write(run, categories=vectors)
    assert written(run) == list(MADE)


def test_the_lock_is_free_after_a_report(tmp_path: Path) -> None:
    """Also after one that was refused."""
    run = a_run(tmp_path / "r", [a_sample()])
    stage.write(run)
    with pytest.raises(TryLater):
        stage.write(run, categories=Meddling(happens=lambda: a_run(run.root)))
    assert not run.is_locked()


def test_an_unfinished_run_has_no_empty_sections(tmp_path: Path) -> None:
    """What is left out, and why, is said once; no name is without a number, no number without rows."""
    run = seeded(tmp_path / "r", 2)
    generated(run, lambda prompt: replied(prompt, cost=0.5))
    page = Path(stage.write(run).report).read_text(encoding="utf-8")
    for section in ("languages", "lengths", "categories", "humaneval", "variety", "benchmarks", "rows"):
        assert f'"{section}"' not in page
        assert f'"#{section}"' not in page
    assert page.count("clean has not come to its end") == 1
    assert "median" not in page
    assert "<script" not in page
    assert '<section id="funnel">' in page
    assert '<section id="time">' in page


def test_a_clean_that_kept_nothing_shows_what_was_thrown_out(tmp_path: Path) -> None:
    """Benchmarks, duplicates and rows are there, and why the rest is not."""
    lost = [
        Rejection("p1", a_seed(), "t", "near", "similar", {"kept": "gone"}, "r1"),
        Rejection("p2", a_seed(), "u", "parse", "no_problem", {}),
    ]
    page = Path(stage.write(a_run(tmp_path / "r", [], lost)).report).read_text(encoding="utf-8")
    assert '<section id="benchmarks">' in page
    assert "<h3>Duplicates</h3>" in page
    assert "no row is measured" not in page
    assert '<section id="rows"' in page
    assert '<section id="categories">' not in page
    assert page.count("clean kept no row") == 1


def test_the_same_files_give_the_same_report(tmp_path: Path) -> None:
    """Copies and rows that could not be read too."""
    lost = [Rejection("", a_seed(f"s{n}"), "t", "row", "not_json", {}) for n in range(3)]
    run = a_run(tmp_path / "r", [a_sample()], lost)
    stage.write(run)
    before = [(run.root / name).read_bytes() for name in MADE]
    stage.write(run)
    assert [(run.root / name).read_bytes() for name in MADE] == before
    assert msgspec.json.decode(before[1])["rejections"] == 3
