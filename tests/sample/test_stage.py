"""The stage as the command line runs it: options in, files and counts out."""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from sampling import a_run, of_tables, sampled, seeds

from magicoder_gen.errors import ConfigError, CorruptData, PoorYield
from magicoder_gen.records import Counts
from magicoder_gen.sample.corpora.local import Local
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.strategies.lines import Lines
from magicoder_gen.sample.strategies.paper_lines import PaperLines
from magicoder_gen.storage import optouts
from magicoder_gen.storage.optouts import Entry, Purge
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


def test_a_damaged_ledger_undoes_nothing(tmp_path: Path, code: Path) -> None:
    """It is read before anything that is there is given up."""
    options, run = SampleOptions(corpora=(Local(path=code),), num=5), a_run(tmp_path)
    sampled(options, run)
    before, manifest = seeds(run), run.stages()
    (run.root / optouts.LEDGER).write_bytes(b'{"date":')
    with pytest.raises(CorruptData, match=optouts.LEDGER):
        sampled(options, run)
    assert (seeds(run), run.stages()) == (before, manifest)


def test_what_was_purged_is_named_where_seeds_are_missing(
    tmp_path: Path, code: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Else the corpora would be blamed; before sampling again too, when counts do not know them any more."""
    options, run = SampleOptions(corpora=(Local(path=code),), num=18), a_run(tmp_path)
    sampled(options, run)
    entries = tuple(Entry("id", seed.id) for seed in seeds(run)[:4])
    optouts.append(run.root, Purge("2026-05-04", "0" * 64, entries, (1,) * 4, {}, None))
    with caplog.at_level(logging.WARNING):
        sampled(options, run)
    assert "found 14 in 27 documents (opted_out 4, " in caplog.text
    gone = Counts(20, 0, {"empty": 20})
    with pytest.raises(PoorYield, match=r"purges\.jsonl lists what was purged"):
        options.require_yield(gone, was_purged=True)
    with pytest.raises(PoorYield, match="none of 20 documents"):
        options.require_yield(gone)
    options.require_yield(Counts(20, 14, {}), was_purged=True)
    assert "what purges.jsonl lists is not counted" in caplog.text
