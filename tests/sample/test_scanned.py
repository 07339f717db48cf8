"""Candidates from any number of processes, read again where too many fall out, and what the log says of it."""

import logging
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pyarrow
import pyarrow.parquet
import pytest
from sampling import Blocked, Watched, a_run, of_tables, sampled, seeds

from magicoder_gen.executors import Processes
from magicoder_gen.sample import checkpoint, fragments, scanned
from magicoder_gen.sample.corpora.tables import Tables
from magicoder_gen.sample.documents import Diverse, Prefix, TwoStage, Uniform
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.quality.duplicates import NearDuplicates
from magicoder_gen.sample.strategies.file import File
from magicoder_gen.sample.strategies.lines import Lines


@pytest.mark.parametrize(
    "options",
    [
        {"num": 200},
        {"quotas": {"python": 90, "rust": 30}, "quality": "none"},
        {"num": 60, "documents": Prefix(max_per_repo=4)},
        {"quotas": {"python": 5, "rust": 115}, "documents": Prefix(), "strategy": Lines(min_lines=3)},
        {"num": 60, "documents": TwoStage(share=0.3, max_per_repo=5), "quality": "none"},
        {"num": 40, "documents": Diverse(pool=100), "strategy": Lines(min_lines=2)},
    ],
)
def test_workers_and_layout_do_not_matter(
    tmp_path: Path, tables: list[Path], monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    """One process or two, in small tasks: the same bytes, the same counts."""
    monkeypatch.setattr(fragments, "TASK_BYTES", 1500)
    one, two = a_run(tmp_path / "1"), a_run(tmp_path / "2")
    alone = sampled(of_tables(tables, **options), one)
    together = sampled(of_tables(tables, **options), two, executor=Processes(workers=2))
    assert (alone.parts, alone.counts) == (together.parts, together.counts)
    assert alone.kept() == options.get("num", 120)


@pytest.mark.parametrize("documents", [None, Diverse(pool=80)])
def test_the_order_of_files_does_not_matter(tmp_path: Path, tables: list[Path], documents: Diverse | None) -> None:
    """A uniform or diverse choice is one of texts."""
    forwards, backwards = a_run(tmp_path / "1"), a_run(tmp_path / "2")
    sampled(of_tables(tables, num=50, documents=documents), forwards)
    sampled(of_tables(tables[::-1], num=50, documents=documents), backwards)
    assert [seed.text for seed in seeds(forwards)] == [seed.text for seed in seeds(backwards)]


def test_quotas_weights_and_repositories(tmp_path: Path, tables: list[Path]) -> None:
    """Each language its quota, each corpus its share of it, no repository more than its cap."""
    corpora = tuple(
        Tables(paths=(path,), language_column="lang", repo="repo", weight=weight)
        for path, weight in zip(tables, (1, 2, 1), strict=True)
    )
    options = SampleOptions(quotas={"python": 24, "rust": 12}, corpora=corpora, documents=Uniform(max_per_repo=3))
    run = a_run(tmp_path)
    sampled(options, run)
    found = seeds(run)
    assert Counter(seed.language for seed in found) == {"python": 24, "rust": 12}
    assert Counter(seed.origin.corpus for seed in found) == {
        "tables:a.parquet": 9,
        "tables:b.parquet": 18,
        "tables:c.parquet": 9,
    }
    assert max(Counter((seed.origin.repo, seed.language, seed.origin.corpus) for seed in found).values()) <= 3


def test_candidates_that_fall_out_are_replaced(tmp_path: Path) -> None:
    """Of 330 documents 30 differ: as many seeds as there can be, however few are asked for; fewer begin more."""
    alike = [f"import os\nimport sys\nvalue_{number} = os.environ\n" for number in range(300)]
    apart = [" ".join(f"w{number}_{word}" for word in range(9)) + "\n" for number in range(30)]
    rows = [{"content": text} for text in alike + apart]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "rows.parquet")
    found = {}
    for num in (10, 20, 30):
        corpora = (Tables(paths=(tmp_path / "rows.parquet",), language="python"),)
        run = a_run(tmp_path / str(num))
        quality = (NearDuplicates(threshold=0.4),)
        sampled(SampleOptions(num=num, corpora=corpora, strategy=File(), quality=quality), run)
        found[num] = seeds(run)
        assert len(found[num]) == num
    assert found[30][:20] == found[20]
    assert found[20][:10] == found[10]


def families(folder: Path, number: int = 3000) -> SampleOptions:
    """Two families of near duplicates, and every hundredth document in pieces of its own."""
    rows = [
        {"content": f"import os\nimport sys\nvalue_{n} = {'os.environ' if n % 2 else 'sys.argv[0].strip(1, 2)'}\n"}
        for n in range(number)
    ]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), folder / "rows.parquet", row_group_size=100)
    corpora = (Tables(paths=(folder / "rows.parquet",), language="python"),)
    return SampleOptions(num=10, corpora=corpora, strategy=File(), quality=(NearDuplicates(threshold=0.4),))


def test_a_corpus_of_few_families_is_not_read_for_ever(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Twice again for more candidates, and one line says how many seeds there are and why."""
    watched, run = Watched(), a_run(tmp_path)
    sampled(families(tmp_path), run, executor=watched)
    assert watched.tasks == 1 + scanned.REFILLS
    assert len(seeds(run)) == 2
    told = [record.message for record in caplog.records if record.name == "magicoder_gen.sample.scanned"]
    assert len(told) == 1
    assert told[0].startswith(
        "sample: 2 seeds of 10 wanted: of 320 candidates the others fell out (near_duplicate 318)"
    )


def test_all_fit_documents_are_enough_to_know(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where the candidates are all that there are, nothing is read again, and nothing given up."""
    watched = Watched()
    sampled(families(tmp_path, 60), a_run(tmp_path), executor=watched)
    assert watched.tasks == 2
    assert not [record for record in caplog.records if record.name == "magicoder_gen.sample.scanned"]


def test_interrupted_in_a_second_reading_the_seeds_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The progress tells which reading it is of."""
    monkeypatch.setattr(fragments, "TASK_BYTES", 1500)
    options, whole, run = families(tmp_path), a_run(tmp_path / "whole"), a_run(tmp_path / "run")
    every = Watched()
    expected = sampled(options, whole, executor=every)
    with pytest.raises(KeyboardInterrupt):
        sampled(options, run, executor=Watched(stop=every.tasks // 2))
    rest = Watched()
    assert sampled(options, run, executor=rest).counts == expected.counts
    assert seeds(run) == seeds(whole)
    assert rest.tasks == every.tasks - every.tasks // 2


def test_the_cap_of_a_repository_holds_over_languages_and_corpora(tmp_path: Path, tables: list[Path]) -> None:
    """It is the run's, not each pool's; forks of one text do not use up the places of others."""
    rows = [
        {"content": f"import os, sys, x{number}\n", "lang": "python", "repo": f"fork/{fork}"}
        for number in range(20)
        for fork in range(15)
    ]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "forks.parquet")
    options = of_tables([*tables, tmp_path / "forks.parquet"], quotas={"python": 10, "rust": 10})
    run = a_run(tmp_path)
    sampled(msgspec.structs.replace(options, documents=Uniform(max_per_repo=2)), run)
    assert len(seeds(run)) == 20
    assert max(Counter(seed.origin.repo for seed in seeds(run)).values()) == 2


def test_an_interrupted_scan_goes_on(
    tmp_path: Path, tables: list[Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What was read is not read again, and seeds and counts are those of an uninterrupted run."""
    monkeypatch.setattr(fragments, "TASK_BYTES", 1500)
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    options, run, other = of_tables(tables, num=100), a_run(tmp_path / "1"), a_run(tmp_path / "2")
    with pytest.raises(KeyboardInterrupt):
        sampled(options, run, executor=Watched(stop=9))
    with caplog.at_level(logging.INFO):
        counting = Watched()
        entry = sampled(options, run, executor=counting)
    assert "documents were read before, going on" in caplog.text
    assert entry.counts == sampled(options, other).counts
    assert seeds(run) == seeds(other)
    assert not (run.folder("seeds") / "scan.progress").exists()
    assert counting.tasks == len(_tasks_of(tables)) - 9


def _tasks_of(paths: list[Path]) -> list[Any]:
    ((_, parts),) = fragments.numbered(list(fragments.chosen(of_tables(paths), 976)))
    return list(fragments.bundles(parts))


def test_a_checkpoint_of_another_division_is_no_harm(
    tmp_path: Path, tables: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier version may have divided the work otherwise: then reading starts anew, with the same seeds."""
    monkeypatch.setattr(fragments, "TASK_BYTES", 1500)
    options, run, other = of_tables(tables, num=100), a_run(tmp_path / "1"), a_run(tmp_path / "2")
    with pytest.raises(KeyboardInterrupt):
        sampled(options, run, executor=Watched(stop=9))
    assert (run.folder("seeds") / "scan.progress").exists()
    monkeypatch.setattr(fragments, "TASK_BYTES", 4000)
    assert sampled(options, run).counts == sampled(options, other).counts
    assert seeds(run) == seeds(other)


def test_an_interruption_is_not_hidden_by_a_disk_that_is_full(
    tmp_path: Path, tables: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the progress cannot be written is not what ended the reading."""
    monkeypatch.setattr(fragments, "TASK_BYTES", 1500)
    run = a_run(tmp_path)
    blocked = Blocked(run.folder("seeds") / "scan.progress", stop=9)
    with pytest.raises(KeyboardInterrupt):
        sampled(of_tables(tables, num=100), run, executor=blocked)


def test_a_weight_that_cannot_be_kept_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One line for the corpus that ran out; none where all have their share."""
    for name, number in (("few", 5), ("many", 50)):
        rows = [{"content": f"import os, sys, {name}{n}\n"} for n in range(number)]
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / f"{name}.parquet")
    corpora = tuple(
        Tables(paths=(tmp_path / f"{name}.parquet",), language="python", weight=1) for name in ("few", "many")
    )
    sampled(SampleOptions(num=10, corpora=corpora), a_run(tmp_path / "kept"))
    assert caplog.messages == []
    sampled(SampleOptions(num=20, corpora=corpora), a_run(tmp_path / "short"))
    (told,) = caplog.messages
    assert "few.parquet" in told
    assert told.endswith(": 5 seeds where its weight asks for 10")


def test_a_cap_without_repositories_is_said(
    tmp_path: Path, tables: list[Path], caplog: pytest.LogCaptureFixture
) -> None:
    """`max_per_repo` counts what the corpus names; a corpus that names none is told from one that does."""
    options = of_tables(tables, num=10, documents=Uniform(max_per_repo=2))
    sampled(options, a_run(tmp_path / "named"))
    assert caplog.messages == []
    nameless = Tables(paths=tuple(tables), language_column="lang")
    sampled(msgspec.structs.replace(options, corpora=(nameless,)), a_run(tmp_path / "nameless"))
    (told,) = caplog.messages
    assert told.startswith("sample: max_per_repo has no effect")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_prefix_reads_no_further_than_it_needs(tmp_path: Path, workers: int) -> None:
    """Of a file that is read from its beginning, the rows up to the last seed, and less than a stretch behind it."""
    rows = b"".join(msgspec.json.encode({"content": f"import os, sys, x{n}\n"}) + b"\n" for n in range(2000))
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_bytes(rows)
    corpora = (Tables(paths=(tmp_path / "a.jsonl", tmp_path / "b.jsonl"), language="python"),)
    options = SampleOptions(num=100, corpora=corpora, documents=Prefix())
    entry = sampled(options, a_run(tmp_path), executor=Processes(workers=workers))
    assert entry.counts is not None
    assert (entry.counts.taken, entry.counts.kept, entry.counts.reasons) == (128, 100, {"not_drawn": 28})
