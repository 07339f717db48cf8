"""Turn msgspec's complaint into one line that names file, line, key, and what would be right there."""

import difflib
import re
from pathlib import Path
from typing import Any

import msgspec
import yaml
from msgspec import inspect

from magicoder_gen.storage import shapes

_SHOWN = 40  # characters of a wrong value


class Where(msgspec.Struct, frozen=True):
    """The file, its YAML, and the overrides: one of them holds the mistake."""

    source: Path
    node: yaml.Node | None
    overrides: tuple[str, ...]

    def of(self, keys: list[str | int], shown: str) -> str:
        """Return the override that set the value at `keys`, else file and line."""
        for override in reversed(self.overrides):
            key = re.sub(r"\.(\d+)", r"[\1]", override.partition("=")[0].strip())
            if f"{shown}.".startswith((f"{key}.", f"{key}[")):
                return f"--set {key}"
        return f"{self.source}:{_line(self.node, keys)}"


def taught(message: str, tree: Any, value_type: Any, *, where: Where) -> str:
    """Say where the value stands and what would be right there."""
    problem, _, path = message.partition(" - at `$")
    keys = [int(key) if key.isascii() and key.isdigit() else key for key in re.findall(r"[^.\[\]`]+", path)]
    shown = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
    unknown = re.search(r"unknown field `(.*?)`", problem)
    if unknown:
        shown = f"{shown}.{unknown[1]}".lstrip(".")
        keys = [*keys, unknown[1]]
        problem = "unknown key; " + _nearest(unknown[1], _keys(_structs_at(value_type, tree, keys[:-1])))
    elif "Invalid value" in problem and shown.endswith(".type"):
        tags = _tags(_structs_at(value_type, tree, keys[:-1]))
        problem = f"unknown type {_value_at(tree, keys)!r}; allowed: {', '.join(tags)}"
    elif "missing required field `type`" in problem:
        problem += f"; allowed: {', '.join(_tags(_structs_at(value_type, tree, keys)))}"
    value = _value_at(tree, keys)
    if problem.startswith("Expected") and "regex" not in problem and isinstance(value, str | int | float):
        problem += f", not {str(value)[:_SHOWN]!r}"
    return f"{where.of(keys, shown)}: {shown or 'the file'}: {_lower(problem)}"


def _nearest(wrong: str, known: list[str]) -> str:
    close = difflib.get_close_matches(wrong, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"


def _lower(problem: str) -> str:
    return problem[:1].lower() + problem[1:].replace("`", "")


def _structs_at(value_type: Any, tree: Any, keys: list[str | int]) -> list[inspect.StructType]:
    """Return the struct types that may stand at `keys`."""
    infos = [inspect.type_info(value_type)]
    for key in keys:
        infos = shapes.item_types(infos) if isinstance(key, int) else shapes.field_types(infos, tree, key)
        tree = _value_at(tree, [key])
    return shapes.structs(infos, tree)


def _keys(structs: list[inspect.StructType]) -> list[str]:
    tags = ["type"] if any(struct.tag for struct in structs) else []
    return sorted({field.encode_name for struct in structs for field in struct.fields}) + tags


def _tags(structs: list[inspect.StructType]) -> list[str]:
    return sorted(str(struct.tag) for struct in structs if struct.tag)


def _value_at(tree: Any, keys: list[str | int]) -> Any:
    for key in keys:
        try:
            tree = tree[key]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def _line(node: yaml.Node | None, keys: list[str | int]) -> int:
    """Return the line, from 1, of the deepest key of `keys` that the file has."""
    line = 1
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            found = [(name, value) for name, value in node.value if name.value == key]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
            line = node.start_mark.line + 1
    return line
