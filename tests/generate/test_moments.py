"""Outcomes without their texts."""

from pathlib import Path

import msgspec
import pytest
from builders import a_reply, a_seed

from magicoder_gen.errors import CorruptData
from magicoder_gen.generate import moments
from magicoder_gen.generate.moments import Answered, Failed
from magicoder_gen.generate.writer import Writer
from magicoder_gen.records import Failure, Intent, Usage


def journaled(folder: Path) -> None:
    """A failure, then the reply, of one prompt that was asked twice."""
    reply = msgspec.structs.replace(a_reply("a text\n" * 9), at=7.25, cost=0.5, attempts=3)
    with Writer(folder, shard_bytes=900) as writer:
        for entry in (Intent("p"), Failure("p", a_seed(), "timeout", "oops", final=False, at=2.0), Intent("p"), reply):
            writer.put(entry)


def test_all_outcomes_are_there_in_their_order(tmp_path: Path) -> None:
    """With what the report counts, from part to part; intents are none."""
    journaled(tmp_path)
    assert list(moments.read(tmp_path)) == [Failed("timeout", 2.0), Answered(3, Usage(10, 20), 0.5, 7.25)]


def test_damage_is_found_in_what_is_not_read_too(tmp_path: Path) -> None:
    """The checksum covers all of a line."""
    journaled(tmp_path)
    for part in tmp_path.glob("part-*"):
        part.write_bytes(part.read_bytes().replace(b"a text", b"a test"))
    with pytest.raises(CorruptData, match="the journal is damaged here"):
        list(moments.read(tmp_path))
