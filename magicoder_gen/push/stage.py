"""The command `push`: look, send, commit once."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from magicoder_gen import __version__
from magicoder_gen.amounts import number_of
from magicoder_gen.errors import ConfigError, MagicoderError, NotAuthorised
from magicoder_gen.push import exported, plan
from magicoder_gen.push.exported import Export
from magicoder_gen.push.hub import MAIN, Head, Hub
from magicoder_gen.push.meter import megabytes, metered
from magicoder_gen.push.plan import Plan
from magicoder_gen.records import Record
from magicoder_gen.storage import pushes
from magicoder_gen.storage.pushes import Pushed
from magicoder_gen.storage.rundir import RunDir

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd

logger = logging.getLogger(__name__)


class Push(Record, frozen=True):
    """What was done or, in a dry run, would be: `commit` is null if nothing was changed."""

    dry_run: bool
    plan: Plan
    commit: str | None = None


def look(run: RunDir, name: str, *, revision: str, public: bool, withdraw: bool = False) -> Push:
    """Return what a push would do; changes nothing, here or there."""
    hub = Hub(name, revision)
    return Push(True, plan.guess(_wanted(run, withdraw=withdraw), hub, public=public))


def send(run: RunDir, name: str, *, revision: str, public: bool, message: str | None, withdraw: bool = False) -> Push:
    """Bring the repository to what the export holds, in one commit; raises what `Hub` and `exported.of` do.

    `withdraw` takes back all that an export wrote, whatever this run holds. Killed at any time, the same command goes
    on: large files that the hub has are not sent again.
    """
    hub = Hub(name, revision)
    hub.require_token()
    with run.locked():
        export = _wanted(run, withdraw=withdraw)
        found, head = plan.look(export, hub, public=public)
        if found.notes:
            raise NotAuthorised("; ".join(found.notes))
        if withdraw and head is None:
            return Push(False, found)
        if not found.is_done() and not withdraw:
            hub.check_card(export.card())
        if head is None:
            head = _made(hub, found)
        noted = _line(hub, found)
        if found.is_done():
            _note_found(run, msgspec.structs.replace(noted, commit=head.commit))
            return Push(False, found)
        additions = _sent(hub, export, found)
        pushes.note(run.root, noted)
        message = message or _message(found)
        commit = hub.commit(additions, found.removed, head=head, message=message)
        with _noting(commit):
            pushes.note(run.root, msgspec.structs.replace(noted, commit=commit), instead=noted)
    return Push(False, found, commit)


def _wanted(run: RunDir, *, withdraw: bool) -> Export:
    return exported.nothing(run) if withdraw else exported.of(run)


def _message(found: Plan) -> str:
    return "All rows withdrawn" if found.is_withdrawal() else f"{found.rows:,} rows by magicoder-gen {__version__}"


def _made(hub: Hub, found: Plan) -> Head:
    """Make the repository and the branch as far as they are missing; raise ConfigError if strangers would see it."""
    if not found.exists:
        hub.create(private=bool(found.private))
    if found.revision != MAIN:
        hub.branch()
    head = hub.head(found.revision)
    if head is None:
        raise hub.unreachable(f"it has made {found.repository}, and does not show it yet")
    if found.private and not head.is_private:
        raise ConfigError(
            f"{hub.page} is public, and was to be private; nothing was sent; make it private, or --public"
        )
    return head


def _sent(hub: Hub, export: Export, found: Plan) -> list["CommitOperationAdd"]:
    """Send what is large and new or changed; return what a commit needs to show all that is new or changed.

    What it shows was verified, even if somebody writes to the files meanwhile.
    """
    additions = []
    with metered(len(found.to_send()), found.bytes()) as meter:
        for file in found.to_send():
            meter.begin(file.path)
            content = export.content(file)
            addition = hub.addition(file, content)
            hub.upload(addition)
            if isinstance(content, Path):
                export.verify(file)
            additions.append(addition)
            meter.end(file.bytes)
    return additions


def _line(hub: Hub, found: Plan) -> Pushed:
    """Return what pushes.jsonl is to say, the commit being unknown."""
    return Pushed(
        datetime.now(UTC).isoformat(timespec="seconds"),
        hub.endpoint,
        found.repository,
        found.revision,
        commit=None,
        rows=found.rows,
        files=len(found.to_send()),
        bytes=found.bytes(),
        removed=len(found.removed),
    )


def _note_found(run: RunDir, line: Pushed) -> None:
    """Remember where rows are that an earlier command sent without seeing the answer, or another machine."""
    with _noting(line.commit):
        place = (line.hub, line.repository, line.revision)
        known = [one for one in pushes.read(run.root) if (one.hub, one.repository, one.revision) == place]
        if not known or known[-1].commit is None:
            pushes.note(run.root, line)


@contextmanager
def _noting(commit: str | None) -> Iterator[None]:
    """Warn where the body cannot write something down: what is published is so all the same."""
    try:
        yield
    except (OSError, MagicoderError) as error:
        logger.warning("push: %s is made, but not noted in %s: %s", commit, pushes.NAME, error)


def lines(push: Push) -> list[str]:
    """Return what was done, or would be, as text."""
    found = push.plan
    head = [f"{found.page}, branch {found.revision}: {_place(push)}", _card(found)]
    files = [f"{file.state:9} {megabytes(file.bytes):>9}  {file.path}" for file in found.files]
    files += [f"{'remove':9} {'':>9}  {path}" for path in found.removed]
    others = [f"left alone: {number_of(found.others, 'file')} that no export of ours writes"] if found.others else []
    return [*head, *files, *others, *found.notes, _outcome(push)]


def _place(push: Push) -> str:
    """Say what the repository is, or will be, who sees it, and whose token it is."""
    found = push.plan
    if found.exists is None:
        return "not known whether it is there"
    if found.is_withdrawal() and not found.has_branch:
        return "is not there"
    made = "would be made" if push.dry_run else "was made"
    seen = "private" if found.private else "public: everybody can read it"
    branch = "" if found.has_branch or not found.exists else f"; the branch {made} from main"
    account = f"; as {found.account}" if found.account else ""
    return f"{'is there' if found.exists else made}, {seen}{branch}{account}"


def _card(found: Plan) -> str:
    if found.is_withdrawal():
        return "all rows go: earlier commits still have them, see docs/publishing.md"
    licence = f"licence {found.license}" if found.license else "no licence (set export.card.license)"
    return f"{number_of(found.rows, 'row')}; the card says: {licence}"


def _outcome(push: Push) -> str:
    found = push.plan
    if found.is_done():
        return _unchanged(push)
    changed = _withdrawn(push) if found.is_withdrawal() else _sent_and_removed(push)
    if not push.dry_run:
        return f"{changed}: commit {push.commit}"
    return f"{changed}; {'--send needs what is said above' if found.notes else '--send does it'}"


def _unchanged(push: Push) -> str:
    if push.plan.is_withdrawal() and push.plan.exists is None:
        return "dry run, nothing was done: what is to take back is not known"
    if push.plan.is_withdrawal():
        return "nothing to remove: the repository has no file that an export wrote"
    if push.dry_run and not push.plan.has_branch:
        return "dry run, nothing was done: only the branch is missing; --send makes it"
    return "nothing to send: the repository holds what the export holds"


def _withdrawn(push: Push) -> str:
    taken = number_of(len(push.plan.removed), "file")
    return f"dry run, nothing was done: {taken} to take back" if push.dry_run else f"took back {taken}"


def _sent_and_removed(push: Push) -> str:
    found = push.plan
    sent = f"{number_of(len(found.to_send()), 'file')}, {megabytes(found.bytes())}"
    removed = f", {number_of(len(found.removed), 'file')} " if found.removed else ""
    if not push.dry_run:
        return f"published {sent}{removed and removed + 'removed'}"
    most = "at most " if found.exists is None else ""
    return f"dry run, nothing was sent: {most}{sent} to send{removed and removed + 'to remove'}"
