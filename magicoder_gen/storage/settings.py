"""Decode a YAML file into a typed value, with errors that name file, line, key and remedy."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from magicoder_gen.errors import ConfigError
from magicoder_gen.storage import changes, mistakes, shapes, strict_yaml

Value = TypeVar("Value")
MAX_BYTES = 1_000_000


def decode(text: str, value_type: type[Value], *, source: Path, overrides: Iterable[str] = ()) -> Value:
    """Decode YAML `text`; raise ConfigError.

    Paths become absolute: those of the file relative to its folder, those of overrides to the working directory.
    An override is "a.b[0].c=VALUE", its value YAML.
    """
    node = strict_yaml.compose(text, source)
    tree = strict_yaml.construct(node, source)
    if not isinstance(tree, dict | None):
        raise ConfigError(f"{source}: expected a mapping of settings, got {type(tree).__name__}")
    where = mistakes.Where(source, node, tuple(overrides))
    tree = changes.applied(tree or {}, where.overrides, value_type)
    try:
        return msgspec.convert(tree, value_type, dec_hook=_path_reader(source.parent))
    except msgspec.ValidationError as error:
        raise ConfigError(mistakes.taught(str(error), tree, value_type, where=where)) from error


def read(path: Path, value_type: type[Value]) -> Value:
    """Decode the YAML file at `path`; see `decode`."""
    return decode(text(path), value_type, source=path.resolve())


def text(path: Path) -> str:
    """Return the text of a configuration file; raise ConfigError if it cannot be one."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ConfigError(f"{path}: over {MAX_BYTES} bytes; is this the configuration?")
        return content.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file; `magicoder-gen init DIR` writes a starter config") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text: {error}") from error


def _path_reader(folder: Path) -> Callable[[type, Any], Any]:
    def read_path(wanted: type, value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError(f"Expected `str`, got `{type(value).__name__}`")  # noqa: TRY004  # msgspec wraps it
        return shapes.anchored(wanted, value, folder)

    return read_path
