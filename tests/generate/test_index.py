"""The index says what the journal says, however it came about."""

import shutil
from pathlib import Path

import pytest
from builders import a_reply, a_seed
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.errors import DiskError
from magicoder_gen.generate import journal
from magicoder_gen.generate.exchange import keep
from magicoder_gen.generate.index import Index
from magicoder_gen.generate.index_file import NAME
from magicoder_gen.generate.writer import Writer
from magicoder_gen.records import Failure, Intent, Reply

ENTRIES: list[Intent | Reply | Failure] = [
    Intent("answered", 0.5),
    a_reply(prompt_id="answered", seed=a_seed(index=2)),
    Intent("refused", 0.5),
    Failure("refused", a_seed(index=1), "context_length", "too long", final=True),
    Intent("failed", 0.5),
    Failure("failed", a_seed(index=0), "timeout", "oops", final=False, uncertain=True),
    Intent("open", 0.25),
]


def journaled(folder: Path, entries: list[Intent | Reply | Failure], *, shard_bytes: int = 1 << 20) -> None:
    """Write a journal without an index."""
    with Writer(folder, shard_bytes=shard_bytes) as writer:
        for entry in entries:
            writer.put(entry)


def said(index: Index) -> object:
    """Everything an index knows."""
    names = ["answered", "refused", "failed", "open", "nobody"]
    states = [index.state(name) for name in names]
    return states, index.totals, index.open, round(index.at_most(), 9), index.kinds(), list(index.places())


def test_it_says_what_is_done_and_what_was_paid(tmp_path: Path) -> None:
    """A reply and a final failure are done; what has no outcome may have been paid, and counts with the most it can."""
    journaled(tmp_path, ENTRIES)
    with Index.reading(tmp_path) as index:
        done = [index.is_done(name) for name in ("answered", "refused", "failed", "open", "nobody")]
        assert done == [True, True, False, False, False]
        assert (index.totals.requests, index.totals.replies, index.totals.lost) == (4, 1, 1)
        assert (index.totals.input_tokens, index.totals.output_tokens, index.totals.unpriced) == (10, 20, 1)
        assert index.open == {"open": 0.25}
        assert index.at_most() == 0.75


def test_a_request_that_is_sent_again_may_have_been_paid_twice(tmp_path: Path) -> None:
    """After a kill, or when no answer came, the earlier request stays on the bill."""
    journaled(tmp_path, [Intent("p", 0.5), Intent("p", 0.5), a_reply(prompt_id="p")])
    with Index.reading(tmp_path) as index:
        assert (index.totals.requests, index.totals.lost, index.at_most()) == (2, 1, 0.5)


@given(committed=st.integers(0, len(ENTRIES)), shard_bytes=st.sampled_from([100, 900, 1 << 20]))
def test_wherever_it_stopped_it_catches_up(
    tmp_path_factory: pytest.TempPathFactory, committed: int, shard_bytes: int
) -> None:
    """A kill between two commits loses nothing: the rest is read from the journal."""
    folder = tmp_path_factory.mktemp("journal")
    with Index.writing(folder) as index, Writer(folder, shard_bytes=shard_bytes) as writer:
        for number, entry in enumerate(ENTRIES):
            if number == committed:
                index.commit(writer.end)
            index.note(entry, writer.put(entry))
    with Index.reading(folder) as stored, Index.writing(folder) as again:
        assert said(stored) == said(again)
        (folder / NAME).unlink()
        with Index.reading(folder) as anew:
            assert said(anew) == said(again)


@pytest.mark.parametrize("damage", [b"", b"no database", b"SQLite format 3\0" + b"x" * 5000])
def test_a_damaged_index_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    """It holds nothing that the journal does not."""
    journaled(tmp_path, ENTRIES)
    with Index.reading(tmp_path) as index:
        expected = said(index)
    (tmp_path / NAME).write_bytes(damage)
    with Index.reading(tmp_path) as index:
        assert said(index) == expected
    with Index.writing(tmp_path) as index:
        assert said(index) == expected


def test_an_index_of_another_journal_is_made_anew(tmp_path: Path) -> None:
    """As when a damaged part was moved away to be asked for again, or a copy was put back."""
    with Index.writing(tmp_path) as index:
        with Writer(tmp_path, shard_bytes=900) as writer:
            for entry in ENTRIES:
                index.note(entry, writer.put(entry))
        index.commit(writer.end)
        assert index.is_done("answered")
    assert len(journal.part_paths(tmp_path)) > 1
    journal.part_path(tmp_path, 0).unlink()
    with Index.writing(tmp_path) as index:
        assert not index.is_done("answered")


def test_replies_come_in_the_order_of_their_seeds(tmp_path: Path) -> None:
    """However they arrived; of several for one, the last that is whole."""
    short = a_reply("short", seed=a_seed(index=1), prompt_id="short", finish_reason="length")
    answers = [
        a_reply("three", seed=a_seed(index=3), prompt_id="three"),
        short,
        a_reply("zero", seed=a_seed(index=0), prompt_id="zero"),
        a_reply("long", seed=a_seed(index=1), prompt_id="long", redo_of="short"),
        a_reply("cut off", seed=a_seed(index=1), prompt_id="longer", redo_of="short", finish_reason="length"),
    ]
    journaled(tmp_path, [*answers], shard_bytes=500)
    with Index.reading(tmp_path) as index:
        texts = [reply.text for reply in journal.replies(tmp_path, index.places())]
    assert texts == ["zero", "long", "three"]


def test_reading_changes_nothing(tmp_path: Path) -> None:
    """Anybody may look at a run, also where they may not write."""
    journaled(tmp_path, ENTRIES)
    before = sorted(path.name for path in tmp_path.iterdir())
    with Index.reading(tmp_path):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_it_never_keeps_what_the_journal_may_lose(tmp_path: Path) -> None:
    """A kill between a write of the journal and a commit of the index leaves the index behind, not ahead."""
    with Index.writing(tmp_path) as index, Writer(tmp_path, shard_bytes=1 << 20) as writer:
        for entry in ENTRIES:
            index.note(entry, writer.put(entry))
            assert keep(index, writer)
            shutil.copytree(tmp_path, tmp_path.with_name("killed"))
            with Index.reading(tmp_path.with_name("killed")) as killed:
                assert said(killed) == said(index)
            shutil.rmtree(tmp_path.with_name("killed"))


def test_a_full_disk_below_it_is_trouble_and_loses_nothing(tmp_path: Path) -> None:
    """What was noted goes on to the journal; the index keeps nothing more, since SQLite may have lost some of it."""
    with Index.writing(tmp_path) as index, Writer(tmp_path, shard_bytes=1 << 20) as writer:
        full = next(index.rows("PRAGMA page_count"))[0]
        assert list(index.rows(f"PRAGMA max_page_count = {full}"))
        for number in range(200):
            entry = a_reply(prompt_id=f"{number:032x}", seed=a_seed(index=number))
            index.note(entry, writer.put(entry))
        assert "free space" in str(index.trouble)
        assert not keep(index, writer)
        with pytest.raises(DiskError, match="full"):
            index.run("DELETE FROM plan")
    with Index.reading(tmp_path) as index:
        assert index.totals.replies == index.wanted() == 200


def test_only_the_tail_of_the_journal_is_read(tmp_path: Path) -> None:
    """Damage in what the index knows already does not concern it; behind that it does."""
    with Index.writing(tmp_path) as index, Writer(tmp_path, shard_bytes=1 << 20) as writer:
        for number in range(20):
            entry = a_reply("x" * 1000, prompt_id=f"p{number}", seed=a_seed(index=number))
            index.note(entry, writer.put(entry))
        keep(index, writer)
        writer.put(a_reply(prompt_id="later", seed=a_seed(index=20)))
    part = tmp_path / "part-00000.jsonl"
    part.write_bytes(part.read_bytes().replace(b"xxx", b"yyy", 1))
    for opened in (Index.reading, Index.writing):
        with opened(tmp_path) as index:
            assert (index.totals.replies, index.is_done("later")) == (21, True)


def test_a_reader_sees_one_moment(tmp_path: Path) -> None:
    """Whatever the writer commits meanwhile, what is read is in itself consistent."""
    with Index.writing(tmp_path) as index, Writer(tmp_path, shard_bytes=1 << 20) as writer:
        index.note(ENTRIES[1], writer.put(ENTRIES[1]))
        keep(index, writer)
        with Index.reading(tmp_path) as reader:
            before = said(reader)
            later = a_reply(prompt_id="later")
            index.note(later, writer.put(later))
            keep(index, writer)
            assert said(reader) == before
            assert reader.state("later") is None
