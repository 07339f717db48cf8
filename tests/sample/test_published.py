"""Seeds by the published procedure: per language, in portions, interrupted, and of damaged documents."""

import logging
from pathlib import Path
from typing import Any

import msgspec
import pyarrow
import pyarrow.parquet
import pytest
from sampling import Blocked, Seen, Watched, a_run, of_tables, sampled, seeds

from magicoder_gen.executors import Processes, Serial
from magicoder_gen.records import Traffic
from magicoder_gen.sample import checkpoint, fragments, procedure
from magicoder_gen.sample.corpora.local import Local
from magicoder_gen.sample.corpora.tables import Tables
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.strategies.paper_lines import PaperLines


def test_the_published_procedure_runs_once_per_language(tmp_path: Path, tables: list[Path]) -> None:
    """With quotas, each language's seeds are those it has alone, in their order, in turns with the others."""
    both, rust = a_run(tmp_path / "both"), a_run(tmp_path / "rust")
    sampled(of_tables(tables, quotas={"python": 20, "rust": 10}, strategy=PaperLines(chunk_size=7)), both)
    sampled(of_tables(tables, quotas={"rust": 10}, strategy=PaperLines(chunk_size=7)), rust)
    assert [seed.text for seed in seeds(both) if seed.language == "rust"] == [seed.text for seed in seeds(rust)]
    assert [seed.language for seed in seeds(both)[:6]] == ["python", "rust", "python", "python", "rust", "python"]


@pytest.mark.parametrize("num", [30, 1500])
def test_portions_and_workers_do_not_matter_to_the_published_procedure(
    tmp_path: Path, tables: list[Path], monkeypatch: pytest.MonkeyPatch, num: int
) -> None:
    """Chunks that do not match row groups, two processes, or a corpus that does not know its length: the same seeds."""
    monkeypatch.setattr(procedure, "PORTION", 70)
    strategy = PaperLines(chunk_size=70, max_documents=1505)
    rows = pyarrow.concat_tables([pyarrow.parquet.read_table(path) for path in tables]).to_pylist()
    lines = tmp_path / "rows.jsonl"
    lines.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    runs = {
        "serial": (tables, Serial()),
        "processes": (tables, Processes(workers=2)),
        "length unknown": ([lines], Serial()),
    }
    for name, (paths, executor) in runs.items():
        options = of_tables(paths, num=num, strategy=strategy)
        corpus = Tables(paths=tuple(paths), language="python", repo="repo")
        sampled(msgspec.structs.replace(options, corpora=(corpus,)), a_run(tmp_path / name), executor=executor)
    texts = [[seed.text for seed in seeds(a_run(tmp_path / name))] for name in runs]
    assert texts[0] == texts[1] == texts[2]
    assert len(texts[0]) == num


def test_a_large_part_is_read_once_by_the_published_procedure(
    tmp_path: Path, tables: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row group that is longer than a portion is not divided; the seeds are the same."""
    rows = pyarrow.concat_tables([pyarrow.parquet.read_table(path) for path in tables])
    pyarrow.parquet.write_table(rows, tmp_path / "one.parquet", row_group_size=1900)
    options = of_tables([tmp_path / "one.parquet"], num=50, strategy=PaperLines(chunk_size=30))
    plain, small = a_run(tmp_path / "plain"), a_run(tmp_path / "small")
    sampled(options, plain)
    monkeypatch.setattr(procedure, "PORTION", 100)
    counted = Watched()
    sampled(options, small, executor=counted)
    assert seeds(small) == seeds(plain)
    assert counted.tasks == 2


def test_the_published_procedure_counts_the_documents_of_its_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder of two languages, each has the seeds that it has alone, all of them, in portions or not."""
    for number in range(60):
        (tmp_path / f"f{number}.py").write_text("".join(f"x{number}_{line} = 1\n" for line in range(9)))
        (tmp_path / f"f{number}.java").write_text(f"int x{number};\n" * 9)
    monkeypatch.setattr(procedure, "PORTION", 20)
    strategy = PaperLines(chunk_size=10, max_documents=None)
    mixed, alone = a_run(tmp_path / "mixed"), a_run(tmp_path / "alone")
    sampled(SampleOptions(quotas={"python": 60}, corpora=(Local(path=tmp_path),), strategy=strategy), mixed)
    python = Local(path=tmp_path, languages=("python",))
    sampled(SampleOptions(num=60, corpora=(python,), strategy=strategy), alone)
    assert len(seeds(mixed)) == 60
    assert [seed.text for seed in seeds(mixed)] == [seed.text for seed in seeds(alone)]


class Impatient(Seen):
    """Interrupts when it is told something for the `stop`th time, as a signal does."""

    def __init__(self, stop: int) -> None:
        super().__init__()
        self._stop = stop

    def update(
        self, done: int, total: int | None = None, *, in_flight: int = 0, traffic: Traffic | None = None
    ) -> None:
        """Note what is done."""
        super().update(done, total)
        if len(self.done) == self._stop:
            raise KeyboardInterrupt


@pytest.fixture
def small_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many portions, and a checkpoint behind each."""
    monkeypatch.setattr(procedure, "PORTION", 70)
    monkeypatch.setattr(fragments, "TASK_BYTES", 4000)
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)


def of_length(paths: list[Path], known: str, **options: Any) -> SampleOptions:
    """The published procedure over documents whose number the corpus knows in advance, or not."""
    strategy = PaperLines(chunk_size=35, max_documents=1300)
    if known == "known":
        corpora = (Tables(paths=tuple(paths), language="python"),)
        return SampleOptions(num=60, corpora=corpora, strategy=strategy, **options)
    return of_tables(paths, quotas={"python": 40, "rust": 20}, strategy=strategy, **options)


@pytest.mark.usefixtures("small_tasks")
@pytest.mark.parametrize("known", ["known", "unknown"])
@pytest.mark.parametrize("stop", [1, 7, 18])
def test_an_interrupted_reading_goes_on(
    tmp_path: Path, tables: list[Path], caplog: pytest.LogCaptureFixture, *, known: str, stop: int
) -> None:
    """No portion is read twice, in whatever language it was stopped; seeds and counts are as if it had not been."""
    options, whole, run = of_length(tables, known), a_run(tmp_path / "whole"), a_run(tmp_path / "run")
    every, begun, rest = Seen(), Impatient(stop), Seen()
    expected = sampled(options, whole, progress=every)
    with pytest.raises(KeyboardInterrupt):
        sampled(options, run, progress=begun)
    with caplog.at_level(logging.INFO):
        assert sampled(options, run, progress=rest).counts == expected.counts
    assert f"{begun.done[-1]} documents were read before, going on" in caplog.text
    assert begun.done + rest.done == every.done
    assert seeds(run) == seeds(whole)
    assert not (run.folder("seeds") / "scan.progress").exists()


@pytest.mark.usefixtures("small_tasks")
def test_two_processes_go_on_where_one_was_stopped(tmp_path: Path, tables: list[Path]) -> None:
    """What is kept does not depend on who works."""
    options, whole, run = of_length(tables, "known"), a_run(tmp_path / "whole"), a_run(tmp_path / "run")
    sampled(options, whole)
    with pytest.raises(KeyboardInterrupt):
        sampled(options, run, executor=Watched(stop=7))
    rest = Seen()
    sampled(options, run, executor=Processes(workers=2), progress=rest)
    assert seeds(run) == seeds(whole)
    assert rest.done[0] == 8 * 70


@pytest.mark.usefixtures("small_tasks")
def test_a_checkpoint_of_other_portions_is_no_harm(
    tmp_path: Path, tables: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then reading starts anew, and gives the same seeds."""
    options, whole, run = of_length(tables, "known"), a_run(tmp_path / "whole"), a_run(tmp_path / "run")
    sampled(options, whole)
    with pytest.raises(KeyboardInterrupt):
        sampled(options, run, executor=Watched(stop=7))
    monkeypatch.setattr(procedure, "PORTION", 140)
    rest = Seen()
    sampled(options, run, progress=rest)
    assert seeds(run) == seeds(whole)
    assert rest.done[0] == 140


@pytest.mark.usefixtures("small_tasks")
def test_an_interruption_is_not_hidden_by_a_disk_that_is_full(
    tmp_path: Path, tables: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the progress cannot be written is not what ended the reading."""
    monkeypatch.setattr(checkpoint, "SECONDS", 1e9)
    run = a_run(tmp_path)
    blocked = Blocked(run.folder("seeds") / "scan.progress", stop=3)
    with pytest.raises(KeyboardInterrupt):
        sampled(of_length(tables, "known"), run, executor=blocked)


def test_a_document_that_is_lost_counts_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It keeps a place in every language, for nobody knows which was its own; taken = seeds + the sum of reasons."""
    rows = [{"content": f"a{n}\nb\n", "lang": ("python", "rust", None)[n % 3], "repo": "a/b"} for n in range(90)]
    rows[0]["content"] = ""
    lines = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    (tmp_path / "a.jsonl").write_bytes(lines + b"{torn\n")
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    options = of_tables(
        [tmp_path / "a.jsonl", tmp_path / "b.parquet"],
        quotas={"python": 20, "rust": 20},
        strategy=PaperLines(chunk_size=7),
    )
    counts = sampled(options, a_run(tmp_path)).counts
    assert counts is not None
    assert (counts.taken, counts.kept) == (92, 40)
    assert counts.reasons == {"bad_file": 1, "bad_row": 1, "empty": 1, "no_language": 30, "not_drawn": 19}
    assert len([message for message in caplog.messages if "b.parquet" in message]) == 1


@pytest.mark.usefixtures("small_tasks")
def test_interrupted_in_a_second_reading_the_seeds_are_the_same(tmp_path: Path) -> None:
    """Most documents are empty, so that those that come first in the order are not enough, and all are read again."""
    rows = [{"content": f"a{n}\nb\n" if n % 9 == 0 else ""} for n in range(1300)]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "rows.parquet", row_group_size=50)
    options, whole, run = of_length([tmp_path / "rows.parquet"], "known"), a_run(tmp_path / "whole"), a_run(tmp_path)
    every, rest = Seen(), Seen()
    expected = sampled(options, whole, progress=every)
    assert every.done.count(1300) == 2
    with pytest.raises(KeyboardInterrupt):
        sampled(options, run, progress=Impatient(len(every.done) // 2 + 3))
    assert sampled(options, run, progress=rest).counts == expected.counts
    assert rest.done == every.done[len(every.done) // 2 + 3 :]
    assert seeds(run) == seeds(whole)
