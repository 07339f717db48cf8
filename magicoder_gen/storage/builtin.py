"""Find the configurations and prompts that travel with the package."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def path(relative: str) -> Path:
    """Return where `relative` ("configs/quickstart.yaml") lies: in the wheel, or beside it in a checkout.

    The file need not exist.
    """
    installed = _PACKAGE / "_builtin"
    return (installed if installed.is_dir() else _PACKAGE.parent) / relative
