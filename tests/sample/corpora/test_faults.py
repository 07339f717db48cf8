"""What is wrong with a corpus is said with its place in the configuration."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from table_builders import a_corpus, a_table

from magicoder_gen import config
from magicoder_gen.errors import ConfigError
from magicoder_gen.sample import fragments, outlook
from magicoder_gen.sample.corpora import faults
from magicoder_gen.sample.corpora.git import Git
from magicoder_gen.sample.corpora.local import Local
from magicoder_gen.sample.corpora.stdlib import Stdlib
from magicoder_gen.sample.options import AnyCorpus, SampleOptions

LOOKS: list[Callable[[SampleOptions], Any]] = [
    lambda options: options.inputs(rng_seed=1),
    lambda options: list(fragments.chosen(options, 1)),
    lambda options: outlook.look(options, rng_seed=1),
]


def mistakes(folder: Path) -> dict[str, AnyCorpus]:
    """A corpus that is not there, by the key that is wrong."""
    return {
        "path: ": Local(path=folder / "missing"),
        "path: .* does not exist": Git(path=folder / "missing"),
        "paths: no file matches": a_corpus(folder / "*.csv"),
    }


@pytest.mark.parametrize("look", LOOKS)
def test_a_corpus_that_is_not_there_is_named_by_its_place(tmp_path: Path, look: Callable[[Any], Any]) -> None:
    """Whatever asks for it first: counted from 0, as keys of `--set` are, with the key that is wrong."""
    for said, corpus in mistakes(tmp_path).items():
        with pytest.raises(ConfigError, match=rf"^sample\.corpora\[1\]\.{said}"):
            look(SampleOptions(num=1, corpora=(Stdlib(), corpus)))


def test_a_missing_column_is_named_by_its_key(tmp_path: Path) -> None:
    """The option that named it, not the column alone."""
    options = SampleOptions(corpora=(a_corpus(a_table(tmp_path, ".csv"), license="nowhere"),))
    with pytest.raises(ConfigError, match=r"^sample\.corpora\[0\]\.license: .* has no column 'nowhere', but content"):
        list(fragments.chosen(options, 1))


@pytest.mark.parametrize(
    ("corpus", "said"),
    [
        ({"type": "local", "path": ".", "languages": ["cobol"]}, "languages: 'cobol' is not a language we know"),
        ({"type": "tables", "paths": ["a.csv"], "language": "cobol"}, "language: 'cobol' is not a language we know"),
        ({"type": "tables", "paths": ["a.csv"]}, "give either language or language_column, or path"),
        ({"type": "hub", "dataset": "a/b", "language": "c", "language_column": "l"}, "give either language, "),
    ],
)
def test_what_is_wrong_without_looking_is_said_with_file_and_line(
    tmp_path: Path, corpus: dict[str, Any], said: str
) -> None:
    """When the file is read."""
    path = tmp_path / "c.yaml"
    path.write_text(f"sample:\n  corpora:\n    - type: stdlib\n    - {json.dumps(corpus)}\n")
    with pytest.raises(ConfigError, match=rf"c\.yaml:4: sample\.corpora\[1\]: {said}"):
        config.load(path)


def test_a_wrong_option_survives_the_way_from_another_process() -> None:
    """With its place."""
    error = faults.WrongOption("path", "is gone").of(2)
    assert str(pickle.loads(pickle.dumps(error))) == "sample.corpora[2].path: is gone"  # noqa: S301  # our own
