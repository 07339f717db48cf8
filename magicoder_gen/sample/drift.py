"""What is different from the seeds that are there, in words."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from magicoder_gen.storage.rundir import StageEntry

# What `SampleOptions.inputs` has that is no key of the section.
_SAID = {"content": "the files of the corpora", "benchmarks": "the benchmark texts", "rng_seed": "rng_seed"}

logger = logging.getLogger(__name__)


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """Return which of the stage's inputs, as plain JSON, are not the same."""
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def said(changed: Iterable[str]) -> str:
    """Return what messages call these inputs."""
    return ", ".join(_SAID.get(key, f"sample.{key}") for key in sorted(changed))


def warn(before: StageEntry | None, after: Mapping[str, Any]) -> None:
    """Say that seeds are replaced, if `after` does not merely ask for more of the same."""
    if before is None or not before.kept():
        return
    different = changed(before.inputs, after)
    is_larger = different == {"num"} and after["num"] > before.inputs["num"]
    if different and not is_larger:
        logger.warning("sample: %s changed; the %d seeds here are replaced", said(different), before.kept())
