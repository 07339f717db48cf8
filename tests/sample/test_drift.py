"""What is said of seeds that are replaced."""

import pytest

from magicoder_gen.records import Counts
from magicoder_gen.sample import drift
from magicoder_gen.storage.rundir import StageEntry

INPUTS = {"num": 5, "content": ["a"], "benchmarks": {}, "rng_seed": 1, "quality": []}


def test_what_decides_seeds_has_a_name_that_users_know() -> None:
    """A key where it is one."""
    changed = drift.changed(INPUTS, {"num": 4, "content": [], "benchmarks": {"a": "b"}, "rng_seed": 2, "quotas": {}})
    assert drift.said(changed) == (
        "the benchmark texts, the files of the corpora, sample.num, sample.quality, sample.quotas, rng_seed"
    )


@pytest.mark.parametrize(
    ("after", "warned"),
    [({}, False), ({"num": 6}, False), ({"num": 4}, True), ({"num": 6, "rng_seed": 2}, True)],
)
def test_seeds_that_go_on_are_not_replaced(
    after: dict[str, object],
    warned: bool,  # noqa: FBT001
    caplog: pytest.LogCaptureFixture,
) -> None:
    """More seeds begin with the fewer; without a seed there is nothing to replace."""
    entry = StageEntry("complete", "", INPUTS, counts=Counts(9, 5, {"empty": 4}))
    drift.warn(entry, {**INPUTS, **after})
    assert ("the 5 seeds here are replaced" in caplog.text) == warned
    caplog.clear()
    for nothing in (None, StageEntry("running", "", INPUTS)):
        drift.warn(nothing, {**INPUTS, "num": 1})
    assert not caplog.records
