"""Parquet files on the hub: what is fetched of them, and what damage costs."""

from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from builders import documents_of
from hub_builders import write
from hub_server import serving

from magicoder_gen.sample.corpora import hub_files
from magicoder_gen.sample.protocols import Skipped


def test_reading_a_row_group_fetches_its_needed_columns_alone(dataset: Path, at: Any) -> None:
    """One of 4 row groups and 1 of 2 large columns: an eighth of the file plus a footer, in one range each."""
    size = (dataset / "python/train-00000.parquet").stat().st_size
    with serving(dataset) as server:
        part = at(server).fragments()[2]
        before, asked = server.served, len(server.cdn_headers)
        assert len(list(part.read())) == 10
        footer = 1 << 16
        assert part.bytes <= server.served - before <= part.bytes + footer
        assert server.served - before - footer < size / 7
        assert len(server.cdn_headers) - asked == 2


def test_row_groups_of_one_file_share_a_footer(dataset: Path, at: Any) -> None:
    """Read one after another, the footer of their file crosses the network once."""
    with serving(dataset) as server:
        parts = at(server).fragments()[:4]
        asked = len(server.cdn_headers)
        for part in parts:
            list(part.read())
        assert len(server.cdn_headers) - asked == 1 + 4


def test_a_footer_larger_than_the_first_guess_takes_one_more_range(tmp_path: Path, at: Any) -> None:
    """Many row groups make a large footer; it is completed, not fetched again."""
    file = write(tmp_path, "python/many.parquet", [{"content": f"{n}\n"} for n in range(1500)], group=1)
    assert pyarrow.parquet.read_metadata(file).serialized_size > 1 << 16
    with serving(tmp_path) as server:
        corpus = at(server)
        assert len(corpus.fragments()) == 1500
        assert len(server.cdn_headers) == 2
        assert server.served == pyarrow.parquet.read_metadata(file).serialized_size + 8


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PAR1",
        b"not a table at all",
        b"PAR1" + b"\xff" * 40 + b"\x20\0\0\0PAR1",
        b"PAR1\xff\xff\xff\xffPAR1",
        None,
    ],
)
def test_a_damaged_footer_costs_one_file(dataset: Path, at: Any, content: bytes | None) -> None:
    """What cannot be a parquet file is named once; all others are read."""
    damaged = dataset / "python/train-00000.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-1000] if content is None else content)
    with serving(dataset) as server:
        found = list(documents_of(at(server)))
    bad = [one for one in found if isinstance(one, Skipped)]
    assert [one.reason for one in bad] == ["bad_file"]
    assert "owner/name/python/train-00000.parquet is damaged" in str(bad[0].detail)
    assert len(found) == 1 + 40


def test_a_damaged_name_in_a_footer_costs_one_file(dataset: Path, at: Any) -> None:
    """A column's name that is no text makes the file unreadable, whatever the reader's library thinks of it."""
    damaged = dataset / "python/train-00000.parquet"
    damaged.write_bytes(damaged.read_bytes().replace(b"unused", b"unus\xff\xfe"))
    with serving(dataset) as server:
        found = list(documents_of(at(server)))
    assert [one.reason for one in found if isinstance(one, Skipped)] == ["bad_file"]
    assert not any("\n" in str(one.detail) for one in found if isinstance(one, Skipped))


def test_a_damaged_row_group_costs_its_rows(dataset: Path, at: Any) -> None:
    """The other row groups of the file are read."""
    path = dataset / "python/train-00000.parquet"
    chunk = pyarrow.parquet.read_metadata(path).row_group(1).column(3)
    content = bytearray(path.read_bytes())
    first = chunk.dictionary_page_offset or chunk.data_page_offset
    content[first : first + 2000] = b"\xff" * 2000
    path.write_bytes(content)
    with serving(dataset) as server:
        found = list(documents_of(at(server)))
    (bad,) = [one for one in found if isinstance(one, Skipped)]
    assert (bad.reason, bad.count) == ("bad_row_group", 10)
    assert "owner/name/python/train-00000.parquet" in str(bad.detail)
    assert len(found) == 1 + 70


def test_a_row_group_outside_of_the_file_costs_its_rows(dataset: Path, at: Any) -> None:
    """A whole footer behind missing data asks for nothing that is not there."""
    path = dataset / "python/train-00000.parquet"
    content = path.read_bytes()
    footer = int.from_bytes(content[-8:-4], "little") + 8
    path.write_bytes(b"PAR1" + content[-footer:])
    with serving(dataset) as server:
        found = list(documents_of(at(server)))
    assert [(one.reason, one.count) for one in found if isinstance(one, Skipped)] == [("bad_row_group", 10)] * 4


def test_a_file_that_vanishes_half_way_is_counted(dataset: Path, at: Any) -> None:
    """Although the commit is pinned a file can go; its rows are counted, the rest goes on."""
    with serving(dataset) as server:
        parts = at(server).fragments()
        (dataset / "python/train-00001.parquet").unlink()
        found = [one for part in parts for one in part.read()]
    lost = [(one.reason, one.count) for one in found if isinstance(one, Skipped)]
    assert lost == [("vanished", 10)] * 4
    assert len(found) == 40 + 4


def test_bytes_beyond_those_at_hand_are_fetched(dataset: Path, at: Any) -> None:
    """A reader that strays from the columns named still gets the file's bytes, to its end and no further."""
    path = dataset / "rust/train-00000.parquet"
    with serving(dataset) as server:
        file = at(server, data_dir="rust").fragments()[0].file
        handle = hub_files._Parts(file, [(4, path.read_bytes()[4:10])])
        handle.seek(6)
        assert handle.read(4) == path.read_bytes()[6:10]
        assert handle.read() == path.read_bytes()[10:]
        assert (handle.read(5), handle.tell()) == (b"", file.size)
        handle.seek(-4, 2)
        assert handle.read(100) == b"PAR1"


def test_spans_are_joined_where_a_request_costs_more() -> None:
    """Small gaps are fetched along, large ones are not; order and overlap do not matter."""
    assert hub_files.merged([(300_000, 300_010), (4, 1000), (2000, 3000), (2500, 2600)]) == [
        (4, 3000),
        (300_000, 300_010),
    ]
