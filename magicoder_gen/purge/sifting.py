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
from magicoder_gen.generate.plan import ACCEPTED
from magicoder_gen.purge.scope import Row, Scope, SeedHead, is_placeholder
from magicoder_gen.records import Intent, Rejection
from magicoder_gen.storage import jsonl, shards
from magicoder_gen.storage.optouts import REASON
from magicoder_gen.storage.rundir import RunDir
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


def replies(folder: Path, scope: Scope, *, accepted: str | None = None) -> None:
    """Take requests and outcomes out of the journal, and make its index anew; raise CorruptData.

    `accepted` is what the index knew of answers to other prompts that may serve.
    """
    torn_tails(folder)
    replaced = {
        entry.prompt_id: place for entry, place, _ in journal.entries(folder) if is_placeholder(entry)
    }  # by a purge before, or by this one before it was interrupted
    for name in (index_file.NAME, *(f"{index_file.NAME}-{kind}" for kind in ("wal", "shm", "journal"))):
        (folder / name).unlink(missing_ok=True)
    for path in journal.part_paths(folder):
        _replace(path, lambda path=path: _entries(folder, path, scope, replaced), keeps_empty=True)  # type: ignore[misc]
    with Index.writing(folder) as index:
        if accepted:
            index.keep(ACCEPTED, accepted)
        index.commit_as_read()


def _entries(
    folder: Path, path: Path, scope: Scope, replaced: dict[str, Place]
) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield each line of a part, and what is left of it: for the first outcome of a prompt, what takes its place.

    `replaced` says of each prompt where that is, over all parts.
    """
    number = journal.part_number(path)
    with path.open("rb") as file:
        for (entry, place, _), line in zip(journal.entries(folder, Place(number, 0)), file, strict=False):
            if place.part != number:
                return
            if not scope.covers(entry):
                yield line, line
                continue
            instead = None if isinstance(entry, Intent) else scope.placeholder(entry)
            is_first = instead is not None and replaced.setdefault(instead.prompt_id, place) == place
            yield line, journal.encoded(instead) if instead and is_first else None


def torn_tails(folder: Path) -> list[Path]:
    """Cut off a torn tail; return those that were, as files beside the journal."""
    paths = journal.part_paths(folder)
    if paths:
        journal.cut_torn_tail(paths[-1])
    return sorted(folder.glob(TORN))


def tails(folder: Path) -> list[bytes]:
    """Return the torn tails, and the one that is not cut off yet."""
    last = journal.part_paths(folder)[-1:]
    found = [path.read_bytes() for path in sorted(folder.glob(TORN))]
    return [*found, *filter(None, map(_torn, last))]


def _torn(path: Path) -> bytes:
    """Return what stands behind the last line end of a part."""
    with path.open("rb") as file:
        rest = b""
        for line in file:
            rest = line
    return b"" if rest.endswith(b"\n") else rest


def untouched(run: RunDir, scope: Scope) -> Callable[[str], bool]:
    """Return what tells whether the seed with an id stays, with all its answers."""
    stays = {seed.id for seed in jsonl.read_parts(run.folder("seeds"), SeedHead) if not scope.covers_seed(seed)}
    for entry, _, _ in journal.entries(run.folder("replies")):
        if not isinstance(entry, Intent) and (scope.covers(entry) or is_placeholder(entry)):
            stays.discard(entry.seed.id)
    return stays.__contains__


def is_harmless(torn: bytes, stays: Callable[[str], bool]) -> bool:
    """Whether a torn tail surely holds nothing that goes: it says no seed, or one that stays with all its answers."""
    known = _SEED.search(torn)
    return stays(known[1].decode()) if known else b'"seed"' not in torn


def described(folder: Path, parts: list[Part]) -> list[Part]:
    """Return what is left of `parts`, as the manifest has it."""
    return [_described(folder / part.name) for part in parts if (folder / part.name).exists()]


def _described(path: Path) -> Part:
    with jsonl.opened(path) as file:
        records = sum(1 for _ in file)
    return Part(path.name, records, path.stat().st_size, shards.sha256_of(path))
