"""Overrides of a configuration: "a.b[0].c=VALUE", the value YAML, its paths relative to the working directory."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec import inspect

from magicoder_gen.errors import ConfigError
from magicoder_gen.storage import shapes, strict_yaml


def applied(tree: dict[str, Any], overrides: Iterable[str], value_type: type) -> dict[str, Any]:
    """Return a copy of `tree` with the overrides, and with the `type` of blocks that are the default's.

    Raises ConfigError for an override that is none or leads nowhere.
    """
    for override in overrides:
        tree = _changed(tree, override)
    infos = [inspect.type_info(value_type)]
    anchored: dict[str, Any] = _anchored(shapes.completed(tree, infos), infos)
    return anchored


def _changed(tree: dict[str, Any], override: str) -> dict[str, Any]:
    dotted, equals, text = override.partition("=")
    keys = [int(key) if key.isascii() and key.isdigit() else key for key in re.findall(r"[^.\[\]]+", dotted)]
    if not equals or not keys:
        raise ConfigError(f"--set {override}: expected KEY=VALUE, such as sample.num=100")
    source = f"--set {dotted}"
    value = strict_yaml.construct(strict_yaml.compose(text, source), source)
    changed: dict[str, Any] = _with(tree, keys, _typed_here(value), override)
    return changed


class _TypedHere(str):
    """A string that the user typed in the working directory."""

    __slots__ = ()


def _typed_here(value: Any) -> Any:
    if isinstance(value, str):
        return _TypedHere(value)
    if isinstance(value, list):
        return [_typed_here(item) for item in value]
    if isinstance(value, dict):
        return {key: _typed_here(item) for key, item in value.items()}
    return value


def _with(tree: Any, keys: list[str | int], value: Any, override: str) -> Any:
    """Return a copy of `tree` in which the place `keys` holds `value`."""
    if not keys:
        return value
    first, rest = keys[0], keys[1:]
    if isinstance(tree, list) and isinstance(first, int) and first < len(tree):
        return [*tree[:first], _with(tree[first], rest, value, override), *tree[first + 1 :]]
    if isinstance(first, str) and isinstance(tree, dict | None):
        tree = tree or {}
        return {**tree, first: _with(tree.get(first), rest, value, override)}
    raise ConfigError(f"--set {override}: there is no {first!r} in the file; set the whole list or mapping above it")


def _anchored(tree: Any, infos: list[inspect.Type]) -> Any:
    """Turn what was typed here into plain strings: absolute where the type is a path."""
    if isinstance(tree, _TypedHere):
        wanted = shapes.path_like(infos)
        return _here(wanted, str(tree)) if wanted else str(tree)
    if isinstance(tree, list):
        return [_anchored(item, shapes.item_types(infos)) for item in tree]
    if isinstance(tree, dict):
        return {key: _anchored(value, shapes.field_types(infos, tree, key)) for key, value in tree.items()}
    return tree


def _here(wanted: type, value: str) -> str:
    try:
        return str(shapes.anchored(wanted, value, Path.cwd()))
    except ValueError as error:
        raise ConfigError(f"--set: {error}") from error
