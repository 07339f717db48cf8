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
Keys = list[str | int]


class Where(msgspec.Struct, frozen=True):
    """The file, its YAML, and the overrides: one of them holds the mistake."""

    source: Path
    node: yaml.Node | None
    overrides: tuple[str, ...]

    def of(self, keys: Keys) -> str:
        """Return the override that set the value at `keys`, a part of it, or the type of its block; else file and line.

        The file alone is known to be right where there are overrides.
        """
        shown, chosen = _shown(keys), _shown([*keys[:-1], "type"])
        named = [re.sub(r"\.(\d+)", r"[\1]", override.partition("=")[0].strip()) for override in self.overrides]
        blamed = [key for key in named if _holds(key, shown)][-1:] or [
            key for key in named if _holds(shown, key) or key == chosen
        ]
        if blamed:
            return " ".join(f"--set {key}" for key in dict.fromkeys(blamed))
        return f"{self.source}:{_line(self.node, keys)}"


def taught(message: str, tree: Any, value_type: Any, *, where: Where) -> str:
    """Say where the value stands and what would be right there."""
    problem, _, path = message.partition(" - at `$")
    keys: Keys = [int(key) if key.isascii() and key.isdigit() else key for key in re.findall(r"[^.\[\]`]+", path)]
    unknown = re.search(r"unknown field `(.*?)`", problem)
    infos, value = _types_at(value_type, tree, keys), _value_at(tree, keys)
    if unknown:
        problem = _unknown_key(unknown[1], _shown(keys), shapes.structs(infos, value), shapes.structs(infos, None))
        keys = [*keys, unknown[1]]
    elif problem.startswith("Invalid value") and keys[-1:] == ["type"]:
        allowed = shapes.tags(_types_at(value_type, tree, keys[:-1]))
        problem = f"unknown type {value!r}; allowed: {', '.join(allowed)}"
    elif "missing required field `type`" in problem:
        problem = _untyped(infos, value)
    elif isinstance(value, str) and problem.startswith(("Expected", "Invalid enum")) and _words(infos, keys):
        problem = _misnamed(value, _words(infos, keys))
    elif problem.startswith("Expected") and "regex" not in problem and isinstance(value, str | int | float):
        problem += f", not {str(value)[:_SHOWN]!r}{_as_yaml(value)}"
    return f"{where.of(keys)}: {_shown(keys) or 'the file'}: {_plain(problem)}"


def _as_yaml(value: str | float) -> str:
    """Return how to write a number that YAML took for text: with a point, and a sign of the exponent."""
    found = re.fullmatch(r"([-+]?\d+)(?:\.(\d*))?[eE]([-+]?)(\d+)", str(value)) if isinstance(value, str) else None
    return f"; write {found[1]}.{found[2] or 0}e{found[3] or '+'}{found[4]}" if found else ""


def _unknown_key(wrong: str, place: str, here: list[inspect.StructType], possible: list[inspect.StructType]) -> str:
    """Name the nearest key of the structs `here`, or the types of `possible` blocks that have this one."""
    others = sorted(str(struct.tag) for struct in possible if struct.tag and wrong in _fields(struct))
    if not others or len(here) != 1:
        return f"unknown key; {_nearest(wrong, _keys(here))}"
    remedy = f"change {place}.type, leave the key out, or replace the block: {place}={{type: {here[0].tag}}}"
    return f"a key of type {', '.join(others)}, not of {here[0].tag}; {remedy}"


def _untyped(infos: list[inspect.Type], block: Any) -> str:
    """Ask for the `type` of a block, of those that have all its keys where there are such."""
    every = [struct for struct in shapes.structs(infos, None) if struct.tag]
    fitting = [struct for struct in every if isinstance(block, dict) and block.keys() <= set(_fields(struct))]
    return f"type is missing; allowed: {', '.join(sorted(str(struct.tag) for struct in fitting or every))}"


def _words(infos: list[inspect.Type], keys: Keys) -> dict[str, str]:
    """Return the names that have a meaning here, each with the way to write it."""
    block = "- type: {}" if keys and isinstance(keys[-1], int) else "{{type: {}}}"
    items = shapes.item_types(infos)
    return {
        **{name: f"[{{type: {name}}}]" for name in shapes.tags(items)},
        **{name: f"[{name}]" for name in shapes.names(items)},
        **{name: block.format(name) for name in shapes.tags(infos)},
        **{name: name for name in shapes.names(infos)},
    }


def _misnamed(wrong: str, words: dict[str, str]) -> str:
    if wrong in words:
        return f"a block is a mapping; write {words[wrong]}"
    close = difflib.get_close_matches(wrong, words, n=1)
    said = f"did you mean {words[close[0]]}?" if close else f"known here: {', '.join(words)}"
    return f"unknown name {wrong[:_SHOWN]!r}; {said}"


def _nearest(wrong: str, known: list[str]) -> str:
    close = difflib.get_close_matches(wrong, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"


def _plain(problem: str) -> str:
    """Return msgspec's words in lower case and in those of YAML."""
    for name, word in (("object", "mapping"), ("array", "list")):
        problem = re.sub(rf"(`|\| ){name}\b", rf"\1{word}", problem)
    problem = problem.replace("Object missing required field", "missing key")
    return problem[:1].lower() + problem[1:].replace("`", "")


def _types_at(value_type: Any, tree: Any, keys: Keys) -> list[inspect.Type]:
    """Return the types that a value at `keys` may have."""
    infos = [inspect.type_info(value_type)]
    for key in keys:
        infos = shapes.item_types(infos) if isinstance(key, int) else shapes.field_types(infos, tree, key)
        tree = _value_at(tree, [key])
    return infos


def _fields(struct: inspect.StructType) -> list[str]:
    return [field.encode_name for field in struct.fields]


def _keys(structs: list[inspect.StructType]) -> list[str]:
    tags = ["type"] if any(struct.tag for struct in structs) else []
    return sorted({name for struct in structs for name in _fields(struct)}) + tags


def _value_at(tree: Any, keys: Keys) -> Any:
    for key in keys:
        try:
            tree = tree[key]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def _shown(keys: Keys) -> str:
    """Return the path as `--set` takes it."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")


def _holds(above: str, key: str) -> bool:
    """Whether `key` is `above` or lies in it."""
    return not above or f"{key}.".startswith((f"{above}.", f"{above}["))


def _line(node: yaml.Node | None, keys: Keys) -> int:
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
