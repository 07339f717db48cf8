"""Walk a type as one walks the tree that is to become it; a union is narrowed by the tree's `type`."""

import os
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect


def completed(tree: Any, infos: list[inspect.Type], default: Any = None) -> Any:
    """Return a copy of `tree` in which a block that does not say its `type` has that of the default in its place."""
    if isinstance(tree, list):
        return [completed(item, item_types(infos)) for item in tree]
    if not isinstance(tree, dict):
        return tree
    tag = default.__struct_config__.tag if isinstance(default, msgspec.Struct) else None
    typed = {"type": tag, **tree} if tag and "type" not in tree else tree
    return {
        key: completed(value, field_types(infos, typed, key), _default(infos, typed, key))
        for key, value in typed.items()
    }


def structs(infos: list[inspect.Type], tree: Any) -> list[inspect.StructType]:
    """Return the struct types among `infos` that `tree` may be."""
    flat = [member for info in infos for member in _members(info)]
    found = [info for info in flat if isinstance(info, inspect.StructType)]
    tag = tree.get("type") if isinstance(tree, dict) else None
    return [struct for struct in found if tag is not None and struct.tag == tag] or found


def field_types(infos: list[inspect.Type], tree: Any, key: str) -> list[inspect.Type]:
    """Return the types that the field `key` may have."""
    return [field.type for struct in structs(infos, tree) for field in struct.fields if field.encode_name == key]


def _default(infos: list[inspect.Type], tree: Any, key: str) -> Any:
    return next(
        (field.default for struct in structs(infos, tree) for field in struct.fields if field.encode_name == key), None
    )


def names(infos: list[inspect.Type]) -> list[str]:
    """Return the words that stand for a value of one of the types."""
    flat = [member for info in infos for member in _members(info)]
    literals = [info for info in flat if isinstance(info, inspect.LiteralType)]
    return [value for literal in literals for value in literal.values if isinstance(value, str)]


def tags(infos: list[inspect.Type], tree: Any = None) -> list[str]:
    """Return the `type` of every block that `tree` may be."""
    return sorted(str(struct.tag) for struct in structs(infos, tree) if struct.tag)


def item_types(infos: list[inspect.Type]) -> list[inspect.Type]:
    """Return the types that an item of a list may have."""
    flat = [member for info in infos for member in _members(info)]
    return [info.item_type for info in flat if isinstance(info, inspect.VarTupleType | inspect.ListType)]


def path_like(infos: list[inspect.Type]) -> type | None:
    """Return the type that reads a string as a path, if one of `infos` does."""
    flat = [member for info in infos for member in _members(info)]
    custom = [info.cls for info in flat if isinstance(info, inspect.CustomType)]
    return next((cls for cls in custom if cls is Path or hasattr(cls, "from_setting")), None)


def anchored(wanted: Any, value: str, folder: Path) -> Any:
    """Read `value` as the path-like type `wanted`, relative to `folder`."""
    return absolute(value, folder) if wanted is Path else wanted.from_setting(value, folder)


def absolute(value: str, folder: Path) -> Path:
    """Return the path `value`, relative to `folder`, without `..`; raise ValueError for what no path can be."""
    if "\0" in value:
        raise ValueError("a path cannot hold a NUL character")
    try:
        return Path(os.path.normpath(folder / Path(value).expanduser()))
    except RuntimeError as error:
        raise ValueError(f"{value}: {error}") from error


def _members(info: inspect.Type) -> list[inspect.Type]:
    if isinstance(info, inspect.UnionType):
        return [member for part in info.types for member in _members(part)]
    return _members(info.type) if isinstance(info, inspect.Metadata) else [info]
