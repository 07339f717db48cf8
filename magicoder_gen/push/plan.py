"""What a push would change, found out by questions that change nothing."""

from typing import Literal

import msgspec

from magicoder_gen.errors import CorpusUnreachable
from magicoder_gen.export import files
from magicoder_gen.push.exported import Export, ExportedFile
from magicoder_gen.push.hub import MAIN, Head, Hub, StoredFile
from magicoder_gen.records import Record


class PlannedFile(ExportedFile, frozen=True):
    """A file of the export, and how the repository has it; `unknown` where nobody could be asked."""

    state: Literal["new", "changed", "unchanged", "unknown"]


class Plan(Record, frozen=True):
    """What is to become of the repository. Sizes are in bytes; null is unknown.

    `exists` is the repository, `has_branch` the branch `revision`, made from main if it is missing. `private` is what
    the repository is, or will be. `removed` are files of an earlier push that the export has no more; `others`, which
    are not ours, stay as they are. `notes` say what could not be found out, or stands in the way.
    """

    repository: str
    page: str
    revision: str
    exists: bool | None
    has_branch: bool | None
    private: bool | None
    account: str | None
    license: str | None
    rows: int
    files: list[PlannedFile]
    removed: list[str]
    others: int | None
    notes: list[str]

    def to_send(self) -> list[PlannedFile]:
        """Return the files that the repository does not have as they are here."""
        return [file for file in self.files if file.state != "unchanged"]

    def bytes(self) -> int:
        """Return how large these are together."""
        return sum(file.bytes for file in self.to_send())

    def is_withdrawal(self) -> bool:
        """Whether all rows are taken back."""
        return not self.files

    def is_done(self) -> bool:
        """Whether the repository holds what it should."""
        return not self.to_send() and not self.removed


def look(export: Export, hub: Hub, *, public: bool) -> tuple[Plan, Head | None]:
    """Return what is to do, and the commit upon which; raises what `Hub` does where it cannot be asked."""
    account = hub.account() if hub.has_token else None
    main = hub.head(MAIN)
    head = hub.head(hub.revision) if main and hub.revision != MAIN else main
    base = head or main
    stored = hub.files(base.commit) if base else {}
    ours = {file.path for file in export.files}
    texts = () if ours else files.TEXTS  # which would describe rows that are gone
    removed = sorted(path for path in stored if path not in ours and (files.is_ours(path) or path in texts))
    plan = msgspec.structs.replace(
        _unknown(export, hub),
        exists=main is not None,
        has_branch=head is not None,
        private=main.is_private if main else not public,
        account=account.name if account else None,
        files=[_compared(export, file, stored.get(file.path)) for file in export.files],
        removed=removed,
        others=len(stored.keys() - ours) - len(removed),
    )
    lacking = account.lacks(None if main else hub.name.split("/")[0]) if account else None
    return msgspec.structs.replace(plan, notes=[lacking] if lacking else []), head


def guess(export: Export, hub: Hub, *, public: bool) -> Plan:
    """Return what is to do as far as can be known, with a note of what cannot."""
    try:
        plan, _ = look(export, hub, public=public)
    except CorpusUnreachable as error:
        plan = msgspec.structs.replace(_unknown(export, hub), notes=[f"what is there is unknown: {error}"])
    if hub.has_token:
        return plan
    hidden = "; a private repository would not be seen without one" if plan.exists is False else ""
    return msgspec.structs.replace(plan, notes=[*plan.notes, f"there is no token, which --send needs{hidden}"])


def _unknown(export: Export, hub: Hub) -> Plan:
    return Plan(
        hub.name,
        hub.page,
        hub.revision,
        exists=None,
        has_branch=None,
        private=None,
        account=None,
        license=export.license,
        rows=export.rows,
        files=[PlannedFile(file.path, file.bytes, file.sha256, "unknown") for file in export.files],
        removed=[],
        others=None,
        notes=[],
    )


def _compared(export: Export, file: ExportedFile, stored: StoredFile | None) -> PlannedFile:
    state: Literal["new", "changed", "unchanged"] = "new"
    if stored is not None:
        state = "unchanged" if _is_same(export, file, stored) else "changed"
    return PlannedFile(file.path, file.bytes, file.sha256, state)


def _is_same(export: Export, file: ExportedFile, stored: StoredFile) -> bool:
    if stored.sha256 is not None:
        return stored.sha256 == file.sha256
    return stored.bytes == file.bytes and stored.git_id == export.git_id(file)
