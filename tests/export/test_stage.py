"""The export stage: files that loaders take, the same bytes every time, nothing stale beside them."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from builders import a_seed

from magicoder_gen.errors import PoorYield
from magicoder_gen.export.card import Card, CardFacts
from magicoder_gen.export.formats import Messages, ProblemSolution
from magicoder_gen.export.stage import ExportOptions, run
from magicoder_gen.records import Counts, Origin, Sample, Traffic
from magicoder_gen.storage.rundir import RunDir, StageEntry
from magicoder_gen.storage.shards import Layout, write_parts

FACTS = CardFacts("test-run", 976)


class Silent:
    """Nobody wants to know."""

    def update(
        self, done: int, total: int | None = None, *, in_flight: int = 0, traffic: Traffic | None = None
    ) -> None:
        """Do nothing."""


def a_sample(number: int = 0, *, text: str = "Do it.", license: str | None = None) -> Sample:  # noqa: A002
    """A sample whose seed says where it comes from."""
    origin = Origin("test", repo="a/b", path=f"{number}.py", license=license)
    seed = msgspec.structs.replace(a_seed(text, index=number), origin=origin)
    return Sample(f"id{number}", f"p{number}", seed, f"{number}: {text}", f"`{text}`", "teacher-1", {})


def a_run(folder: Path, samples: list[Sample], *, layout: Layout | None = None) -> RunDir:
    """A run directory whose clean stage wrote `samples`."""
    directory = RunDir(folder, layout=layout)
    folder.mkdir(exist_ok=True)
    directory.begin("clean", {})
    parts = write_parts(directory.folder("samples"), samples, directory.layout)
    counts = Counts(len(samples), len(samples), {})
    directory.finish("clean", state="complete", counts=counts, parts={"samples": parts}, seconds=0.0)
    return directory


def exported(directory: RunDir, options: ExportOptions | None = None, *, facts: CardFacts = FACTS) -> StageEntry:
    """Run the stage."""
    return run(options or ExportOptions(), directory, progress=Silent(), facts=facts)


def files(directory: RunDir) -> dict[str, bytes]:
    """What lies under data/."""
    data = directory.folder("data")
    return {str(path.relative_to(data)): path.read_bytes() for path in sorted(data.rglob("*")) if path.is_file()}


def rows(directory: RunDir, folder: str) -> list[dict[str, Any]]:
    """The rows of a format, in order of its files."""
    paths = sorted((directory.folder("data") / folder).iterdir())
    return [json.loads(line) for path in paths for line in path.read_bytes().split(b"\n") if line]


def load(directory: RunDir, cache: Path, name: str | None = None) -> Any:
    """Load a configuration as users do."""
    from datasets import load_dataset

    return load_dataset(str(directory.folder("data")), name, split="train", cache_dir=str(cache))


@pytest.fixture(autouse=True)
def _quiet_datasets(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    datasets.disable_progress_bars()


def test_rows_hold_what_the_sample_says(tmp_path: Path) -> None:
    """Every format has a row per sample in their order; what is unknown is null, not absent."""
    directory = a_run(tmp_path, [a_sample(0, license="MIT"), a_sample(1)])
    entry = exported(directory)
    assert entry.counts == Counts(2, 2, {})
    pairs = rows(directory, "problem_solution")
    assert pairs[0] == {
        "id": "id0",
        "problem": "0: Do it.",
        "solution": "`Do it.`",
        "language": "python",
        "seed": "Do it.",
        "repo": "a/b",
        "path": "0.py",
        "first_line": 1,
        "last_line": 1,
        "license": "MIT",
        "revision": None,
        "model": "teacher-1",
    }
    assert pairs[1]["license"] is None
    chats = rows(directory, "messages")
    assert [turn["role"] for turn in chats[1]["messages"]] == ["user", "assistant"]
    assert [turn["content"] for turn in chats[1]["messages"]] == ["1: Do it.", "`Do it.`"]


def test_datasets_loads_both_configurations(tmp_path: Path) -> None:
    """The installed library loads the folder: pairs by default, chats by name, text unchanged."""
    hostile = 'a\u2028b\x85c\x0b\x0c"\\\n--- \n{{x}} \U0001f600 </script>\t\x00'
    directory = a_run(tmp_path / "run", [a_sample(0, text=hostile), a_sample(1, license="MIT")])
    exported(directory)
    pairs = load(directory, tmp_path / "cache")
    assert pairs.column_names == list(ProblemSolution().row(a_sample()).__struct_fields__)
    assert pairs[0]["seed"] == hostile
    assert pairs["license"][:] == [None, "MIT"]
    chats = load(directory, tmp_path / "cache", "messages")
    assert chats[0]["messages"][1] == {"role": "assistant", "content": f"`{hostile}`"}


@pytest.mark.parametrize("licenses", [[None] * 4, [None, None, None, "MIT"], ["MIT", None, None, None]])
def test_unknown_licences_load_across_parts(tmp_path: Path, licenses: list[str | None]) -> None:
    """A column that is null throughout one file, or throughout, is still a column of strings."""
    samples = [a_sample(number, license=name) for number, name in enumerate(licenses)]
    directory = a_run(tmp_path / "run", samples, layout=Layout(shard_bytes=300))
    exported(directory)
    assert len(list((directory.folder("data") / "messages").iterdir())) == 4
    for name in ("problem_solution", "messages"):
        loaded = load(directory, tmp_path / "cache", name)
        assert loaded["license"][:] == licenses
        assert loaded.features["license"].dtype == loaded.features["revision"].dtype == "string"


def test_parts_are_numbered_and_plain(tmp_path: Path) -> None:
    """Names say how many parts there are; the layout's compression is for our own stages only."""
    samples = [a_sample(number) for number in range(3)]
    directory = a_run(tmp_path, samples, layout=Layout(shard_bytes=300, compression="zstd"))
    entry = exported(directory)
    names = [f"train-0000{number}-of-00003.jsonl" for number in range(3)]
    assert [part.name for part in entry.parts["data/messages"]] == names
    assert sorted(path.name for path in (directory.folder("data") / "messages").iterdir()) == names
    assert len(rows(directory, "messages")) == 3


def test_a_second_export_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    """Fewer parts or fewer formats: the files of the earlier export are gone."""
    exported(a_run(tmp_path, [a_sample(number) for number in range(3)], layout=Layout(shard_bytes=300)))
    directory = a_run(tmp_path, [a_sample()])
    exported(directory, ExportOptions(formats=(Messages(),)))
    assert list(files(directory)) == ["README.md", "messages/train-00000-of-00001.jsonl"]


def test_same_samples_same_bytes(tmp_path: Path) -> None:
    """Files and card depend on samples, options and facts alone."""
    samples = [a_sample(number, license="MIT") for number in range(3)]
    first, second = a_run(tmp_path / "a", samples), a_run(tmp_path / "b", samples)
    assert exported(first).parts == exported(second).parts
    assert files(first) == files(second)
    exported(second)
    assert files(first) == files(second)


def test_a_finished_export_is_recognised(tmp_path: Path) -> None:
    """Unchanged samples, options and facts are complete; a removed file or another sample is not."""
    directory = a_run(tmp_path, [a_sample()])
    exported(directory)
    inputs = {**ExportOptions().inputs(directory), "facts": msgspec.to_builtins(FACTS)}
    assert directory.is_complete("export", inputs)
    (directory.folder("data") / "README.md").unlink()
    assert not directory.is_complete("export", inputs)
    other = a_run(tmp_path, [a_sample(1)])
    assert ExportOptions().inputs(other)["samples"] != inputs["samples"]


def test_no_samples_finish_and_then_fail(tmp_path: Path) -> None:
    """An empty data set is not a success, but its stage is on record."""
    directory = a_run(tmp_path, [])
    with pytest.raises(PoorYield, match="no samples"):
        exported(directory)
    assert directory.stages()["export"].state == "complete"
    assert list(files(directory)) == ["README.md"]


def test_options_come_from_yaml() -> None:
    """The section decodes; no format at all is an error."""
    section = {"formats": [{"type": "messages"}, {"type": "problem_solution"}], "card": {"license": "mit"}}
    options = msgspec.convert(section, ExportOptions)
    assert options == ExportOptions(formats=(Messages(), ProblemSolution()), card=Card(license="mit"))
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"formats": []}, ExportOptions)
