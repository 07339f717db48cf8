"""Files of records, with some of them taken out: each is replaced whole, and what stays keeps its bytes."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from magicoder_gen.errors import CorruptData
from magicoder_gen.fingerprint import digest
from magicoder_gen.generate import index_file, journal
from magicoder_gen.generate.index import Index
from magicoder_gen.generate.journal import Place
from magicoder_gen.purge.scope import Row, Scope, SeedHead
from magicoder_gen.records import Intent, Rejection
from magicoder_gen.storage import jsonl, shards
from magicoder_gen.storage.optouts import REASON
from magicoder_gen.storage.shards import LinePart, Part

TORN = "torn-part-?????-*.bin"
_SEED = re.compile(rb'"seed":\{"id":"([^"\\]+)"')


def seeds(folder: Path, scope: Scope) -> None:
    """Take seeds out of seeds/."""
    head = msgspec.json.Decoder(SeedHead)
    _parts(folder, lambda line: None if scope.covers_seed(head.decode(line)) else line)


def samples(folder: Path, scope: Scope) -> None:
    """Take samples out of samples/."""
    row = msgspec.json.Decoder(Row)
    _parts(folder, lambda line: None if scope.covers_row(row.decode(line)) else line)


def rejections(folder: Path, scope: Scope) -> None:
    """Take rejections out of rejections/, and the ids of samples that go out of the evidence of others."""
    decoder = msgspec.json.Decoder(Rejection)

    def left(line: bytes) -> bytes | None:
        one = decoder.decode(line)
        if scope.covers_row(one):
            return None
        kept = one.evidence.get("kept")
        if kept not in scope.rows:
            return line
        nameless = msgspec.structs.replace(one, evidence=one.evidence | {"kept": _nameless(kept)})
        return msgspec.json.encode(nameless) + b"\n"

    _parts(folder, left)


def _nameless(row: object) -> str:
    """Return what stands for the id of a row that goes, so that its duplicates can still be told from others."""
    return f"{REASON}-{digest(row)[:8]}"


def _parts(folder: Path, left: Callable[[bytes], bytes | None]) -> None:
    for path in jsonl.parts(folder):

        def lines(path: Path = path) -> Iterator[tuple[bytes, bytes | None]]:
            with jsonl.opened(path) as file:
                for number, line in enumerate(file, start=1):
                    yield line, _left(line, left, path, number)

        _replace(path, lines)


def _left(line: bytes, left: Callable[[bytes], bytes | None], path: Path, number: int) -> bytes | None:
    try:
        return left(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorruptData(
            f"{path}:{number}: {error}; restore it, or delete its folder and run its stage again"
        ) from error


def _replace(
    path: Path, lines: Callable[[], Iterator[tuple[bytes, bytes | None]]], *, keeps_empty: bool = False
) -> None:
    """Write what is left of each line, if anything changes; remove a file of which nothing is left."""
    if all(left is line for line, left in lines()):
        return
    part = LinePart(path)
    try:
        for _, left in lines():
            if left:
                part.append(left, len(left))
    except BaseException:
        part.discard()
        raise
    if part.size or keeps_empty:
        part.publish()
    else:
        part.discard()
        path.unlink()


def replies(folder: Path, scope: Scope) -> None:
    """Take requests and outcomes out of the journal, and make its index anew; raise CorruptData."""
    torn_tails(folder)
    for name in (index_file.NAME, *(f"{index_file.NAME}-{kind}" for kind in ("wal", "shm", "journal"))):
        (folder / name).unlink(missing_ok=True)
    for path in journal.part_paths(folder):
        _replace(path, lambda path=path: _entries(folder, path, scope), keeps_empty=True)  # type: ignore[misc]
    with Index.writing(folder) as index:
        index.commit_as_read()


def _entries(folder: Path, path: Path, scope: Scope) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield each line of a part, and what is left of it: for the first outcome of a prompt, what takes its place."""
    number = journal.part_number(path)
    replaced: set[str] = set()
    with path.open("rb") as file:
        for (entry, place, _), line in zip(journal.entries(folder, Place(number, 0)), file, strict=False):
            if place.part != number:
                return
            if not scope.covers(entry):
                yield line, line
                continue
            instead = None if isinstance(entry, Intent) else scope.placeholder(entry)
            if instead is None or instead.prompt_id in replaced:
                yield line, None
            else:
                replaced.add(instead.prompt_id)
                yield line, journal.encoded(instead)


def torn_tails(folder: Path) -> list[Path]:
    """Cut off a torn tail; return those that were, as files beside the journal."""
    paths = journal.part_paths(folder)
    if paths:
        journal.cut_torn_tail(paths[-1])
    return sorted(folder.glob(TORN))


def is_harmless(torn: Path, staying: Callable[[str], bool]) -> bool:
    """Whether a torn tail surely holds nothing of a seed that goes: it says no seed, or one that stays."""
    content = torn.read_bytes()
    known = _SEED.search(content)
    return staying(known[1].decode()) if known else b'"seed"' not in content


def described(folder: Path, parts: list[Part]) -> list[Part]:
    """Return what is left of `parts`, as the manifest has it."""
    return [_described(folder / part.name) for part in parts if (folder / part.name).exists()]


def _described(path: Path) -> Part:
    with jsonl.opened(path) as file:
        records = sum(1 for _ in file)
    return Part(path.name, records, path.stat().st_size, shards.sha256_of(path))
