"""What trainers want to be told of the data: LLaMA-Factory's dataset_info.json and a part of Axolotl's configuration.

After their documentation: LLaMA-Factory, data/README.md; Axolotl, docs/dataset-formats.
"""

import copy
import json
from collections.abc import Sequence
from typing import Any

from magicoder_gen.export.files import Published, loadable
from magicoder_gen.export.splits import TRAIN

FOLDER = "path/to/this/folder"
_ROLES = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}
_CHAT = {"formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": _ROLES}
_LLAMA_FACTORY: dict[str, dict[str, Any]] = {
    "problem_solution": {"columns": {"prompt": "problem", "response": "solution"}},
    "instruction_response": {"columns": {"prompt": "instruction", "response": "response"}},
    "alpaca": {"columns": {"prompt": "instruction", "query": "input", "response": "output"}},
    "messages": _CHAT,
    "sharegpt": {"formatting": "sharegpt", "columns": {"messages": "conversations"}},
    "openai": _CHAT,
    "magicoder": {"columns": {"prompt": "problem", "response": "solution"}},
}
_AXOLOTL: dict[str, dict[str, Any]] = {
    "messages": {
        "type": "chat_template",
        "field_messages": "messages",
        "message_property_mappings": {"role": "role", "content": "content"},
    },
    "sharegpt": {
        "type": "chat_template",
        "field_messages": "conversations",
        "message_property_mappings": {"role": "from", "content": "value"},
    },
    "alpaca": {"type": "alpaca"},
    "problem_solution": {"type": {"field_instruction": "problem", "field_output": "solution"}},
    "instruction_response": {"type": {"field_instruction": "instruction", "field_output": "response"}},
    "magicoder": {"type": {"field_instruction": "problem", "field_output": "solution"}},
}
_AXOLOTL["openai"] = _AXOLOTL["messages"]


def llama_factory(published: Sequence[Published]) -> str:
    """Return dataset_info.json: an entry for each file that it reads, named for format, split and, of many, number."""
    entries = {
        _name(files, number): {"file_name": f"{files.table.folder}/{part.name}", **_LLAMA_FACTORY[files.table.folder]}
        for files in published
        if files.table.folder in _LLAMA_FACTORY
        for number, part in enumerate(files.parts)
    }
    return json.dumps(entries, indent=2) + "\n"


def axolotl(published: Sequence[Published]) -> str:
    """Return the part of a configuration that names the data: the first format that it loads, chats before others."""
    import yaml

    named = loadable(published)
    found = [files.table.folder for files in named if files.split == TRAIN]
    first = next((folder for folder in _AXOLOTL if folder in found), None)
    if first is None:
        return ""
    entry = {"path": FOLDER, "name": first, "split": TRAIN, **_AXOLOTL[first]}
    tested = [files.split for files in named if files.table.folder == first and files.split != TRAIN]
    told = {"datasets": [entry]}
    if tested:
        told["test_datasets"] = [copy.deepcopy(entry) | {"split": tested[0]}]  # YAML would refer from one to the other
    return str(yaml.safe_dump(told, sort_keys=False))


def _name(files: Published, number: int) -> str:
    name = f"{files.table.folder}_{files.split}"
    return f"{name}_{number:05d}" if len(files.parts) > 1 else name
