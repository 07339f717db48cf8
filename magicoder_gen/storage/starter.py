"""Write a starter configuration and the built-in prompts into a folder of the user's."""

import shutil
from pathlib import Path

from magicoder_gen.errors import CannotCreate, creating
from magicoder_gen.storage import builtin


def write(folder: Path) -> list[Path]:
    """Copy the files; return what was written. Raises CannotCreate rather than replace anything."""
    config, prompts = folder / "config.yaml", folder / "prompts"
    for path in (config, prompts):
        if path.exists():
            raise CannotCreate(f"{path} exists already; choose another folder, nothing was written")
    with creating(folder):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(builtin.path("configs/starter.yaml"), config)
        shutil.copytree(builtin.path("prompts"), prompts)
    return [config, prompts]
