"""The stage as the command line runs it: options in, files and counts out."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from magicoder_gen.errors import ConfigError, PoorYield
from magicoder_gen.records import Counts, Seed
from magicoder_gen.sample import stage
from magicoder_gen.sample.corpora.local import Local
from magicoder_gen.sample.corpora.stdlib import Stdlib
from magicoder_gen.sample.corpora.tables import Tables
from magicoder_gen.sample.quality import MinCode
from magicoder_gen.sample.stage import SampleOptions
from magicoder_gen.sample.strategies import Lines, PaperLines
from magicoder_gen.storage import jsonl
from magicoder_gen.storage.rundir import RunDir, StageEntry
from magicoder_gen.storage.shards import Layout


class Seen:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.done: list[int] = []

    def update(self, done: int, total: int | None = None, *, in_flight: int = 0, cost: float | None = None) -> None:
        """Note what is done."""
        self.done.append(done)


def decoded(**options: Any) -> SampleOptions:
    """Options as the configuration file gives them."""
    return msgspec.convert(options, SampleOptions, dec_hook=lambda kind, value: kind(value))


def a_run(folder: Path, **layout: Any) -> RunDir:
    """A run directory below `folder`."""
    return RunDir(folder / "run", layout=Layout(**layout))


def sampled(options: SampleOptions, run: RunDir, *, rng_seed: int = 976) -> StageEntry:
    """Run the stage as the command line does."""
    with run.locked():
        return stage.run(options, run, rng_seed=rng_seed, progress=Seen())


def seeds(run: RunDir) -> list[Seed]:
    """What lies on disk."""
    return list(jsonl.read_parts(run.folder("seeds"), Seed))


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
    """Taken = kept + reasons; progress hears of every document."""
    run, seen = a_run(tmp_path), Seen()
    with run.locked():
        options = SampleOptions(num=8, corpora=(Local(path=code),))
        counts = stage.run(options, run, rng_seed=1, progress=seen).counts
    assert counts is not None
    reasons = dict(counts.reasons)
    copies = reasons.pop("duplicate", 0) + reasons.pop("not_drawn")
    assert reasons == {"binary": 1, "empty": 2, "encoding": 1, "too_little_code": 1, "too_long_line": 1}
    assert (counts.taken, counts.kept, copies) == (27, 8, 13)
    assert seen.done == list(range(1, 28))


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
    assert run.is_complete("sample", options.inputs(run, rng_seed=976))
    assert not run.is_complete("sample", options.inputs(run, rng_seed=977))
    assert not run.is_complete("sample", msgspec.structs.replace(options, num=3).inputs(run, rng_seed=976))
    (code / "new.py").write_text("new = 1\n")
    assert not run.is_complete("sample", options.inputs(run, rng_seed=976))


def test_every_key_decodes_from_the_configuration() -> None:
    """Blocks are chosen by `type`."""
    options = decoded(
        num=3,
        corpora=[
            {"type": "stdlib"},
            {"type": "local", "path": "src", "languages": ["rust"], "include": ["**/*"], "exclude": ["x/**"]},
            {"type": "tables", "paths": ["a/*.parquet"], "text": "content", "language": "python", "repo": "r"},
        ],
        strategy={"type": "paper_lines", "max_documents": None},
        quality=[{"type": "min_code", "tokens": 5}],
    )
    assert options.corpora[0] == Stdlib()
    assert options.corpora[1] == Local(path=Path("src"), languages=("rust",), exclude=("x/**",))
    assert options.corpora[2] == Tables(paths=(Path("a/*.parquet"),), language="python", repo="r")
    assert options.strategy == PaperLines(max_documents=None)
    assert options.quality == (MinCode(tokens=5),)


@pytest.mark.parametrize(
    "bad",
    [
        {"num": 0},
        {"corpora": []},
        {"corpora": [{"type": "locall", "path": "x"}]},
        {"corpora": [{"type": "tables", "paths": []}]},
        {"strategy": {"type": "lines", "max_lines": 0}},
        {"strategy": {"type": "paper_lines", "max_documents": 0}},
        {"quality": [{"type": "min_code", "tokens": 0}]},
        {"numm": 1},
    ],
)
def test_impossible_options_do_not_decode(bad: dict[str, Any]) -> None:
    """Ranges and names are checked before anything runs."""
    with pytest.raises(msgspec.ValidationError):
        decoded(**bad)


def test_quality_defaults_to_what_the_strategy_brings() -> None:
    """min_code for lines, nothing for the paper's procedure; an empty list is nothing for both."""
    assert SampleOptions().effective_quality() == (MinCode(),)
    assert SampleOptions(quality=()).effective_quality() == ()
    assert SampleOptions(strategy=PaperLines()).effective_quality() == ()


def test_paper_lines_with_a_check_is_a_config_error_before_anything_is_written(tmp_path: Path, code: Path) -> None:
    """The manifest does not even say that the stage began."""
    run = a_run(tmp_path)
    options = SampleOptions(corpora=(Local(path=code),), strategy=PaperLines(), quality=(MinCode(),))
    with pytest.raises(ConfigError, match="paper_lines"):
        sampled(options, run)
    assert run.stages() == {}


def test_a_missing_corpus_is_a_config_error_before_anything_is_written(tmp_path: Path) -> None:
    """The message names the path."""
    run = a_run(tmp_path)
    with pytest.raises(ConfigError, match=r"nowhere does not exist"):
        sampled(SampleOptions(corpora=(Local(path=tmp_path / "nowhere"),)), run)
    assert run.stages() == {}


def test_paper_lines_run_through_the_stage(tmp_path: Path, code: Path) -> None:
    """Empty documents count, others have a seed or were not drawn."""
    run = a_run(tmp_path)
    entry = sampled(SampleOptions(num=8, corpora=(Local(path=code),), strategy=PaperLines()), run)
    assert entry.counts == Counts(27, 8, {"binary": 1, "empty": 1, "encoding": 1, "not_drawn": 16})
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
