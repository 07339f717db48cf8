"""The stage as the command line runs it: options in, files and counts out."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pyarrow
import pyarrow.parquet
import pytest
from sampling import a_run, sampled, seeds

from magicoder_gen.errors import ConfigError, PoorYield
from magicoder_gen.executors import Processes, Serial
from magicoder_gen.records import Counts
from magicoder_gen.sample import checkpoint, fragments, published
from magicoder_gen.sample.corpora.local import Local
from magicoder_gen.sample.corpora.tables import Tables
from magicoder_gen.sample.documents import Diverse, Prefix, TwoStage, Uniform
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.quality.duplicates import NearDuplicates
from magicoder_gen.sample.strategies.file import File
from magicoder_gen.sample.strategies.lines import Lines
from magicoder_gen.sample.strategies.paper_lines import PaperLines
from magicoder_gen.storage.rundir import RunDir


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Twenty small files and one of each bad kind."""
    folder = tmp_path / "code"
    folder.mkdir()
    for number in range(20):
        (folder / f"f{number}.py").write_text(f"def f{number}(x):\n    return x + {number}\n")
    bad = {
        "empty": b"",
        "blank": b"\n \n",
        "binary": b"\0\1",
        "latin": b"\xe9 = 1\n",
        "long": b"x" * 5_000_000,
        "comment": b"# nothing\n",
        "again": (folder / "f3.py").read_bytes(),
    }
    for name, content in bad.items():
        (folder / f"{name}.py").write_bytes(content)
    return folder


def test_the_defaults_give_twelve_seeds_of_this_python(tmp_path: Path) -> None:
    """The quickstart needs no corpus, no network and no key."""
    run = a_run(tmp_path)
    entry = sampled(SampleOptions(), run)
    found = seeds(run)
    assert [seed.index for seed in found] == list(range(12))
    assert {(seed.language, seed.origin.corpus) for seed in found} == {("python", "stdlib")}
    assert len({seed.id for seed in found}) == 12
    assert entry.state == "complete"
    assert entry.parts["seeds"][0].records == 12


def test_counts_add_up_and_name_every_reason(tmp_path: Path, code: Path) -> None:
    """Taken = kept + reasons; where no seed was missing, nobody looked at what comes last, and it is not_drawn."""
    run = a_run(tmp_path)
    options = SampleOptions(num=20, corpora=(Local(path=code),))
    few, most = sampled(options, run).counts, sampled(msgspec.structs.replace(options, num=21), run).counts
    assert few is not None
    assert most is not None
    assert most.reasons == {
        "binary": 1,
        "duplicate": 1,
        "empty": 2,
        "encoding": 1,
        "too_little_code": 1,
        "too_long_line": 1,
    }
    assert (few.taken, few.kept, most.taken, most.kept) == (27, 20, 27, 20)
    assert sum(few.reasons.values()) == sum(most.reasons.values()) == 7


def test_a_larger_number_extends_a_smaller_one(tmp_path: Path, code: Path) -> None:
    """Five seeds are the first five of ten, whatever the files are called and however they are written out."""
    five, ten = a_run(tmp_path / "5"), a_run(tmp_path / "10", shard_bytes=300, compression="zstd")
    sampled(SampleOptions(num=5, corpora=(Local(path=code),)), five)
    entry = sampled(SampleOptions(num=10, corpora=(Local(path=code),)), ten)
    assert seeds(five) == seeds(ten)[:5]
    assert len(entry.parts["seeds"]) > 1


def test_the_same_inputs_give_the_same_bytes_and_another_number_others(tmp_path: Path, code: Path) -> None:
    """Randomness is rng_seed and the documents' text."""
    runs = [a_run(tmp_path / name) for name in "abc"]
    entries = [
        sampled(SampleOptions(corpora=(Local(path=code),)), run, rng_seed=rng_seed)
        for run, rng_seed in zip(runs, (1, 1, 2), strict=True)
    ]
    digests = [entry.parts["seeds"][0].sha256 for entry in entries]
    assert digests[0] == digests[1] != digests[2]


def test_a_finished_stage_is_recognised_until_its_inputs_change(tmp_path: Path, code: Path) -> None:
    """Options, rng_seed and the corpus's files decide."""
    run, options = a_run(tmp_path), SampleOptions(num=2, corpora=(Local(path=code),))
    sampled(options, run)
    assert run.is_complete("sample", options.inputs(rng_seed=976))
    assert not run.is_complete("sample", options.inputs(rng_seed=977))
    assert not run.is_complete("sample", msgspec.structs.replace(options, num=3).inputs(rng_seed=976))
    (code / "new.py").write_text("new = 1\n")
    assert not run.is_complete("sample", options.inputs(rng_seed=976))


def test_a_missing_corpus_is_a_config_error_before_anything_is_written(tmp_path: Path) -> None:
    """The message names the path."""
    run = a_run(tmp_path)
    with pytest.raises(ConfigError, match=r"nowhere: No such file or directory"):
        sampled(SampleOptions(corpora=(Local(path=tmp_path / "nowhere"),)), run)
    assert run.stages() == {}


def test_paper_lines_run_through_the_stage(tmp_path: Path, code: Path) -> None:
    """Empty documents count, others have a seed or were not drawn."""
    run = a_run(tmp_path)
    entry = sampled(SampleOptions(num=8, corpora=(Local(path=code),), strategy=PaperLines()), run)
    assert entry.counts == Counts(27, 8, {"empty": 1, "encoding": 1, "not_drawn": 17})
    assert len(seeds(run)) == 8


@contextmanager
def poor_yield(run: RunDir, match: str) -> Iterator[None]:
    """Expect PoorYield after the stage is complete."""
    with pytest.raises(PoorYield, match=match):
        yield
    assert run.stages()["sample"].state == "complete"
    assert seeds(run) == []


def test_an_empty_corpus_finishes_and_says_so(tmp_path: Path) -> None:
    """Exit code 3, naming the folder."""
    (tmp_path / "nothing").mkdir()
    run = a_run(tmp_path)
    with poor_yield(run, r"no document in local .*nothing \(any language\); correct paths"):
        sampled(SampleOptions(corpora=(Local(path=tmp_path / "nothing"),)), run)


def test_no_document_in_the_asked_language_names_corpus_and_languages(tmp_path: Path, code: Path) -> None:
    """The user sees what was looked for, and where."""
    run = a_run(tmp_path)
    with poor_yield(run, r"no document in local .*code \(rust, go\);"):
        sampled(SampleOptions(corpora=(Local(path=code, languages=("rust", "go")),)), run)


def test_documents_without_a_seed_say_why(tmp_path: Path, code: Path) -> None:
    """The most frequent reasons are in the message."""
    run = a_run(tmp_path)
    with poor_yield(run, r"none of 27 documents .*code .* gave a seed \(too_short 22, empty 2, "):
        sampled(SampleOptions(corpora=(Local(path=code),), strategy=Lines(min_lines=10)), run)


def test_fewer_seeds_than_asked_for_is_a_warning(tmp_path: Path, code: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is not an error: the corpus is what it is."""
    with caplog.at_level(logging.WARNING):
        sampled(SampleOptions(num=100, corpora=(Local(path=code),)), a_run(tmp_path))
    assert "asked for 100 seeds, found 20 in 27 documents" in caplog.text


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three parquet files of 40 row groups in all, two languages, 20 repositories, some documents twice."""
    folder = tmp_path_factory.mktemp("tables")
    for name, groups in (("a", 5), ("b", 25), ("c", 10)):
        rows = [
            {
                "content": "".join(f"{name}{number % 190}_{line} = {line}\n" for line in range(1 + number % 30)),
                "lang": ("Python", "Rust")[number % 3 == 0],
                "repo": f"owner/{number % 20}",
            }
            for number in range(groups * 50)
        ]
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), folder / f"{name}.parquet", row_group_size=50)
    return sorted(folder.glob("*.parquet"))


def of_tables(paths: list[Path], **options: Any) -> SampleOptions:
    """Seeds from tables."""
    return SampleOptions(corpora=(Tables(paths=tuple(paths), language_column="lang", repo="repo"),), **options)


@pytest.mark.parametrize(
    "options",
    [
        {"num": 200},
        {"quotas": {"python": 90, "rust": 30}, "quality": "none"},
        {"num": 60, "documents": Prefix(max_per_repo=4)},
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


@pytest.mark.parametrize("strategy", [Lines(), PaperLines(chunk_size=7)])
def test_fewer_seeds_of_quotas_are_the_beginning_of_more(
    tmp_path: Path, tables: list[Path], strategy: Lines | PaperLines
) -> None:
    """Any number is mixed as the whole is."""
    quotas = {"python": 40, "rust": 10}
    found = {}
    for num in (5, 20, 50):
        run = a_run(tmp_path / str(num))
        sampled(of_tables(tables, num=num, quotas=quotas, strategy=strategy), run)
        found[num] = seeds(run)
        assert Counter(seed.language for seed in found[num]) == {"python": num * 4 // 5, "rust": num // 5}
    assert found[50][:20] == found[20]
    assert found[20][:5] == found[5]


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
    monkeypatch.setattr(published, "PORTION", 70)
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
    monkeypatch.setattr(published, "PORTION", 100)
    monkeypatch.setattr(Serial, "map", counted := Counted())
    sampled(options, small)
    assert seeds(small) == seeds(plain)
    assert counted.tasks == 2


class Counted:
    """Does the work here and counts the tasks."""

    tasks = 0

    def __call__(self, function: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any]:
        """Yield every result."""
        for task in tasks:
            self.tasks += 1
            yield function(task)


def test_the_published_procedure_counts_the_documents_of_its_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder of two languages, each has the seeds that it has alone, all of them, in portions or not."""
    for number in range(60):
        (tmp_path / f"f{number}.py").write_text("".join(f"x{number}_{line} = 1\n" for line in range(9)))
        (tmp_path / f"f{number}.java").write_text(f"int x{number};\n" * 9)
    monkeypatch.setattr(published, "PORTION", 20)
    strategy = PaperLines(chunk_size=10, max_documents=None)
    mixed, alone = a_run(tmp_path / "mixed"), a_run(tmp_path / "alone")
    sampled(SampleOptions(quotas={"python": 60}, corpora=(Local(path=tmp_path),), strategy=strategy), mixed)
    python = Local(path=tmp_path, languages=("python",))
    sampled(SampleOptions(num=60, corpora=(python,), strategy=strategy), alone)
    assert len(seeds(mixed)) == 60
    assert [seed.text for seed in seeds(mixed)] == [seed.text for seed in seeds(alone)]


def test_an_interrupted_scan_goes_on(
    tmp_path: Path, tables: list[Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What was read is not read again, and seeds and counts are those of an uninterrupted run."""
    monkeypatch.setattr(fragments, "TASK_BYTES", 1500)
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    options, run, other = of_tables(tables, num=100), a_run(tmp_path / "1"), a_run(tmp_path / "2")
    with pytest.raises(KeyboardInterrupt):
        sampled(options, run, executor=Stopped(after=9))
    with caplog.at_level(logging.INFO):
        counting = Stopped(after=10**6)
        entry = sampled(options, run, executor=counting)
    assert "documents were read before, going on" in caplog.text
    assert entry.counts == sampled(options, other).counts
    assert seeds(run) == seeds(other)
    assert not (run.folder("seeds") / "scan.progress").exists()
    assert counting.tasks == len(_tasks_of(tables)) - 9


class Stopped:
    """Does its work here until it is interrupted."""

    def __init__(self, *, after: int) -> None:
        self.tasks = 0
        self._after = after

    def map(self, function: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any]:
        """Do `after` tasks."""
        for task in tasks:
            if self.tasks == self._after:
                raise KeyboardInterrupt
            self.tasks += 1
            yield function(task)


def _tasks_of(paths: list[Path]) -> list[Any]:
    ((_, parts),) = fragments.numbered(list(fragments.chosen(of_tables(paths), 976)))
    return list(fragments.bundles(parts))


def test_many_damaged_files_are_not_many_lines(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Twenty are named, the others counted."""
    for number in range(25):
        (tmp_path / f"{number}.parquet").write_bytes(b"PAR1")
    pyarrow.parquet.write_table(pyarrow.table({"content": ["import os, sys\n"]}), tmp_path / "good.parquet")
    options = SampleOptions(num=1, corpora=(Tables(paths=(tmp_path / "*.parquet",), language="python"),))
    entry = sampled(options, a_run(tmp_path))
    assert entry.counts == Counts(26, 1, {"bad_file": 25})
    assert len([record for record in caplog.records if ".parquet" in record.message]) == fragments.LOGGED
    assert "5 more files" in caplog.text
