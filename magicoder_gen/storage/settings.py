"""Decode a YAML file into a typed value, with errors that name file, line, key and remedy."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from magicoder_gen.errors import ConfigError
from magicoder_gen.storage import changes, mistakes, shapes

Value = TypeVar("Value")
MAX_BYTES = 1_000_000


def decode(text: str, value_type: type[Value], *, source: Path, overrides: Iterable[str] = ()) -> Value:
    """Decode YAML `text`; raise ConfigError.

    Paths become absolute: those of the file relative to its folder, those of overrides to the working directory.
    An override is "a.b[0].c=VALUE", its value YAML.
    """
    node = _composed(text, source)
    tree = _Loader.constructed(node, source) if node else {}
    if not isinstance(tree, dict):
        raise ConfigError(f"{source}: expected a mapping of settings, got {type(tree).__name__}")
    tree = changes.applied(tree, overrides, value_type)
    try:
        return msgspec.convert(tree, value_type, dec_hook=_path_reader(source.parent))
    except msgspec.ValidationError as error:
        raise ConfigError(mistakes.taught(str(error), tree, value_type, source=source, node=node)) from error


def read(path: Path, value_type: type[Value], *, overrides: Iterable[str] = ()) -> Value:
    """Decode the YAML file at `path`; see `decode`."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path}: over {MAX_BYTES} bytes; is this the configuration?")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file; `magicoder-gen init DIR` writes a starter config") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text: {error}") from error
    return decode(text, value_type, source=path.resolve(), overrides=overrides)


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses duplicate keys and aliases (an alias bomb is small on disk)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} stands here twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.composer.ComposerError(
                None,
                None,
                "aliases (*name) are not supported",
                self.peek_event().start_mark,  # type: ignore[no-untyped-call]
            )
        return super().compose_node(parent, index)

    @classmethod
    def constructed(cls, node: yaml.Node, source: Path) -> Any:
        """Turn a composed node into builtins."""
        loader = cls("")
        try:
            return loader.construct_document(node)
        except (yaml.YAMLError, TypeError, ValueError) as error:
            raise ConfigError(_yaml_complaint(error, source)) from error


def _composed(text: str, source: Path) -> yaml.Node | None:
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(_yaml_complaint(error, source)) from error
    return node


def _yaml_complaint(error: Exception, source: Path) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    where = f"{source}:{mark.line + 1}" if mark else str(source)
    return f"{where}: not valid YAML: {problem}"


def _path_reader(folder: Path) -> Callable[[type, Any], Any]:
    def read_path(wanted: type, value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError(f"Expected `str`, got `{type(value).__name__}`")  # noqa: TRY004  # msgspec wraps it
        return shapes.anchored(wanted, value, folder)

    return read_path
