"""Which file is read, which run directory is used, what the flags change."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from magicoder_gen import config
from magicoder_gen.categories.sentences import Sentences
from magicoder_gen.categories.words import Words
from magicoder_gen.config import Config
from magicoder_gen.embeddings.onnx import Onnx
from magicoder_gen.errors import ConfigError
from magicoder_gen.executors import Processes
from magicoder_gen.generate.teachers.chat import Chat
from magicoder_gen.generate.teachers.local import Local
from magicoder_gen.sample.strategies.lines import Lines
from magicoder_gen.storage import builtin, settings
from magicoder_gen.storage.frozen import text as frozen_text


def test_the_config_is_the_given_one_else_the_runs_own_else_the_quickstart(tmp_path: Path) -> None:
    """And a folder means the config.yaml in it."""
    own = tmp_path / "config.yaml"
    own.write_text("rng_seed: 1\n")
    given = tmp_path / "c.yaml"
    assert config.locate(given, tmp_path) == given
    assert config.locate(None, tmp_path) == own
    assert config.locate(tmp_path, None) == own
    assert config.locate(None, None) == builtin.path("configs/quickstart.yaml")


@pytest.mark.parametrize("name", ["quickstart", "starter"])
def test_the_configs_we_ship_are_valid(name: str) -> None:
    """Every one."""
    config.load(builtin.path(f"configs/{name}.yaml"))


def test_the_starter_says_the_defaults() -> None:
    """What its comments call a default is one; num, recipe and corpora are its own choices."""
    starter = config.load(builtin.path("configs/starter.yaml"))
    default = config.Config()
    assert starter.generate.teacher == default.generate.teacher
    assert starter.generate.limits == default.generate.limits
    assert (starter.clean, starter.export, starter.storage) == (default.clean, default.export, default.storage)
    assert starter.sample.strategy == default.sample.strategy


def test_a_frozen_config_reads_back_as_itself(tmp_path: Path) -> None:
    """Every key resolved, paths absolute, so that the run directory is enough to go on."""
    path = tmp_path / "c.yaml"
    path.write_text("sample: {corpora: [{type: local, path: src}]}\ngenerate: {recipe: prompts/mine.yaml}\n")
    loaded = config.load(path)
    frozen = tmp_path / "elsewhere" / "config.yaml"
    frozen.parent.mkdir()
    frozen.write_text(frozen_text(config.resolved(loaded)))
    assert config.load(frozen) == loaded
    assert str(tmp_path / "src") in frozen.read_text()


def test_every_key_that_names_a_variable_is_one_that_may_hold_a_secret() -> None:
    """What logs must not show: a block that reads a key from the environment has to be known to `key_variables`."""
    named = {
        f"{struct.tag or struct.cls.__name__.lower()}.{field.name}"
        for struct in blocks(Config)
        for field in struct.fields
        if "_env" in field.name
    }
    assert named == {"chat.api_key_env", "batch.api_key_env", "endpoint.api_key_env", "hub.token_env"}
    hubs = [{"type": "hub", "dataset": "a/b", "language": "python", "token_env": name} for name in ("ONE", "TWO")]
    endpoints = [{"api_key_env": "KEY"}, {"api_key_env": None}, {"api_key_env": "OTHER"}]
    tree = {"sample": {"corpora": [*hubs, {"type": "stdlib"}]}, "generate": {"teacher": {"endpoints": endpoints}}}
    loaded = settings.decode(json.dumps(tree), Config, source=Path("c.yaml"))
    assert config.key_variables(loaded) == ["KEY", "OTHER", "ONE", "TWO"]


def blocks(kind: object) -> Iterator[msgspec.inspect.StructType]:
    """Every struct within a type."""
    pending = [msgspec.inspect.type_info(kind)]
    for info in pending:
        if isinstance(info, msgspec.inspect.StructType):
            yield info
            pending += [field.type for field in info.fields]
        pending += getattr(info, "types", ())
        pending += [inner for inner in (getattr(info, "item_type", None), getattr(info, "type", None)) if inner]


def test_run_directories_are_named_after_the_config(tmp_path: Path) -> None:
    """config.yaml after its folder, unless that folder is a run."""
    assert config.run_root(Path("a/nightly.yaml")) == Path("runs/nightly")
    assert config.run_root(tmp_path / "mine" / "config.yaml") == Path("runs/mine")
    (tmp_path / "manifest.json").touch()
    assert config.run_root(tmp_path / "config.yaml") == tmp_path


def test_flags_fit_the_teacher() -> None:
    """A URL makes it a chat; concurrency of the embedded one is its slots; a model is a name or a file."""
    quickstart = builtin.path("configs/quickstart.yaml")

    def flagged(**flags: object) -> config.Config:
        return config.load(quickstart, flags=flags)

    chat = flagged(base_url="http://127.0.0.1:1/v1", model="m", concurrency=3, num=5)
    assert chat.generate.teacher == Chat(base_url="http://127.0.0.1:1/v1", model="m", concurrency=3)
    assert chat.sample.num == 5
    local = flagged(concurrency=2, model="tiny.gguf").generate.teacher
    assert isinstance(local, Local)
    assert (local.slots, local.model) == (2, Path.cwd() / "tiny.gguf")
    assert flagged(num=None) == config.load(quickstart)


def test_an_override_of_a_block_that_the_file_leaves_out_means_the_default_s() -> None:
    """Its type need not be told."""
    changed = config.load(
        builtin.path("configs/quickstart.yaml"), ["executor.workers=4", "sample.strategy.max_lines=9"]
    )
    assert changed.executor == Processes(workers=4)
    assert changed.sample.strategy == Lines(max_lines=9)


def test_a_key_in_the_config_is_refused_and_not_repeated(tmp_path: Path) -> None:
    """Keys are named by variable; the message does not show what was written."""
    path = tmp_path / "c.yaml"
    path.write_text("generate: {teacher: {type: chat, api_key: sk-canary-4711}}")
    with pytest.raises(ConfigError, match="did you mean api_key_env") as raised:
        config.load(path)
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize("url", ["ftp://x", "http://u:s@h/v1", "h:8000", "http://[::1", "http://", "http://h:99999"])
def test_a_url_that_is_none_or_carries_a_secret_is_refused(tmp_path: Path, url: str) -> None:
    """Before anything is sent."""
    path = tmp_path / "c.yaml"
    path.write_text(f"generate: {{teacher: {{type: chat, base_url: '{url}'}}}}")
    with pytest.raises(ConfigError, match="base_url must"):
        config.load(path)


def test_the_key_of_a_judge_is_hidden_too(tmp_path: Path) -> None:
    """A judge is a teacher like the other, with a section of its own; without it nobody is asked."""
    path = tmp_path / "c.yaml"
    path.write_text("judge: {teacher: {type: chat, model: m, api_key_env: JUDGE_KEY}, limits: {max_cost: 2}}\n")
    loaded = config.load(path)
    assert loaded.judge
    assert (loaded.judge.limits.max_cost, loaded.judge.recipe) == (2, "same_task")
    assert "JUDGE_KEY" in config.key_variables(loaded)
    path.write_text("judge: null\n")
    assert config.load(path).judge is None


def test_categories_are_told_by_words_unless_a_model_is_named(tmp_path: Path) -> None:
    """Whose key is hidden as others are."""
    path = tmp_path / "c.yaml"
    assert (path.write_text("rng_seed: 1\n"), config.load(path).categories) == (12, Words())
    path.write_text("categories: {type: sentences, embeddings: {type: endpoint, api_key_env: VECTORS_KEY}}\n")
    assert "VECTORS_KEY" in config.key_variables(config.load(path))
    path.write_text("categories: {type: sentences}\n")
    assert config.load(path).categories == Sentences(embeddings=Onnx(), threshold=0.2)
    path.write_text("categories: {type: sentence}\n")
    with pytest.raises(ConfigError, match="words"):
        config.load(path)
