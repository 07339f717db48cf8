"""What is journaled is durable, ordered for the next stage, and damage never passes silently."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from builders import a_reply, a_seed
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.errors import CorruptData, DiskError
from magicoder_gen.generate import journal
from magicoder_gen.generate.journal import Place
from magicoder_gen.generate.writer import Writer
from magicoder_gen.records import Failure, Intent, Reply

MEGABYTE = 1 << 20


def write(folder: Path, *entries: Intent | Reply | Failure, shard_bytes: int = MEGABYTE) -> None:
    """Journal `entries`."""
    with Writer(folder, shard_bytes=shard_bytes) as writer:
        for entry in entries:
            writer.put(entry)


def five_replies() -> list[Intent | Reply]:
    """Intents and replies of five prompts, the later seeds first."""
    seeds = [a_seed(id=f"s{n}", index=n) for n in (4, 2, 0, 3, 1)]
    pairs = [(Intent(f"p{seed.index}"), a_reply(seed=seed, prompt_id=f"p{seed.index}")) for seed in seeds]
    return [entry for pair in pairs for entry in pair]


def replied(folder: Path) -> set[str]:
    """The prompts that have a reply in the journal."""
    return {entry.prompt_id for entry, _, _ in journal.entries(folder) if isinstance(entry, Reply)}


@given(cut=st.integers(min_value=0, max_value=4000))
def test_cut_at_any_byte_only_the_torn_entry_is_lost(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """A crash leaves a prefix; what was whole is there, writing goes on, the torn bytes are kept beside."""
    folder = tmp_path_factory.mktemp("journal")
    write(folder, *five_replies())
    part = folder / "part-00000.jsonl"
    content = part.read_bytes()
    cut = min(cut, len(content))
    part.write_bytes(content[:cut])
    whole = content[:cut].count(b"\n")
    write(folder, Intent("after"))
    assert [entry for entry, _, _ in journal.entries(folder)] == [*five_replies()[:whole], Intent("after")]
    assert b"".join(path.read_bytes() for path in folder.glob("torn-*")) == content[:cut].rpartition(b"\n")[2]


@pytest.mark.parametrize("old", [b'"crc32":"', b"intent", b"\n"])
def test_damage_in_the_middle_is_an_error_with_its_place(tmp_path: Path, old: bytes) -> None:
    """A changed byte, or a lost line end, stops with the file and the byte offset."""
    write(tmp_path, *five_replies())
    part = tmp_path / "part-00000.jsonl"
    part.write_bytes(part.read_bytes().replace(old, b"#" * len(old), 1))
    with pytest.raises(CorruptData, match=r"part-00000\.jsonl, byte 0"):
        list(journal.entries(tmp_path))


def test_a_damaged_reply_is_not_handed_on(tmp_path: Path) -> None:
    """Nor does reading it by its place pass the damage over."""
    write(tmp_path, a_reply())
    part = tmp_path / "part-00000.jsonl"
    part.write_bytes(part.read_bytes().replace(b"Problem", b"#######", 1))
    with pytest.raises(CorruptData, match=r"part-00000\.jsonl, byte 0"):
        list(journal.replies(tmp_path, [Place(0, 0)]))


FILLER = """
import asyncio
import itertools
import sys
from pathlib import Path
from builders import a_reply
from magicoder_gen.generate.writer import Writer

async def fill():
    with Writer(Path(sys.argv[1]), shard_bytes=1 << 30) as writer:
        for number in itertools.count():
            writer.put(a_reply("x" * 500, prompt_id=f"p{number}"))
            await writer.flush()
            print(number, flush=True)

asyncio.run(fill())
"""


def fill(folder: Path) -> "subprocess.Popen[str]":
    """Start a process that journals replies and prints the number of each durable one."""
    tests = Path(__file__).parent.parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tests), str(tests.parent)])}
    command = [sys.executable, "-c", FILLER, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


@pytest.mark.parametrize("lines", [1, 7, 50])
def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path, lines: int) -> None:
    """Every reply that the writer called durable is there after SIGKILL."""
    with fill(tmp_path) as process:
        assert process.stdout is not None
        acknowledged = [int(process.stdout.readline()) for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in process.stdout if line.endswith("\n")]
    write(tmp_path, Intent("after"))
    assert {f"p{number}" for number in acknowledged} <= replied(tmp_path)


def test_a_full_disk_stops_and_leaves_whole_entries(tmp_path: Path) -> None:
    """The write that fails half way is taken back; later entries are refused; what is there can be read."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
    try:
        with pytest.raises(DiskError, match="free space"), Writer(tmp_path, shard_bytes=MEGABYTE) as writer:
            asyncio.run(_fill(writer))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)
    part = tmp_path / "part-00000.jsonl"
    assert part.read_bytes().endswith(b"\n")
    assert len(replied(tmp_path)) > 1


async def _fill(writer: Writer) -> None:
    for number in range(50):
        writer.put(a_reply(prompt_id=f"p{number}"))
        await writer.flush()


def test_places_are_where_entries_lie(tmp_path: Path) -> None:
    """They are known when an entry is queued, over parts and over restarts."""
    given: list[tuple[Intent | Reply, Place]] = []
    for entry in five_replies():
        with Writer(tmp_path, shard_bytes=700) as writer:
            given.append((entry, writer.put(entry)))
            given.append((entry, writer.put(entry)))
    assert [(entry, place) for entry, place, _ in journal.entries(tmp_path)] == given
    assert len(list(tmp_path.glob("part-*.jsonl"))) > 1


def test_a_cancelled_wait_loses_no_entry(tmp_path: Path) -> None:
    """Neither the one that was waited for nor those behind it."""

    async def cancel(writer: Writer) -> None:
        writer.put(Intent("waited for"))
        waiting = asyncio.create_task(writer.flush())
        await asyncio.sleep(0)
        writer.put(a_reply(prompt_id="behind"))
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    for _ in range(20):
        with Writer(tmp_path, shard_bytes=MEGABYTE) as writer:
            asyncio.run(cancel(writer))
    assert (tmp_path / "part-00000.jsonl").read_bytes().count(b"reply") == 20


def test_an_error_of_the_body_is_not_hidden_by_the_disk(tmp_path: Path) -> None:
    """Leaving the block because of an error raises that error."""
    with pytest.raises(KeyError), Writer(tmp_path, shard_bytes=MEGABYTE) as writer:
        writer.put(Intent("p"))
        raise KeyError
    assert [entry for entry, _, _ in journal.entries(tmp_path)] == [Intent("p")]
