"""A data set repository on the hub: what is there, and how it is changed."""

import logging
import os
import re
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import huggingface_hub
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.utils import (  # type: ignore[attr-defined]  # exported, but not by its list
    hf_raise_for_status,
    validate_repo_id,
)
from huggingface_hub.utils.tqdm import disable_progress_bars

from magicoder_gen.errors import ConfigError, CorpusUnreachable, MagicoderError
from magicoder_gen.push import client
from magicoder_gen.push.answers import Asked
from magicoder_gen.push.exported import ExportedFile
from magicoder_gen.records import Record
from magicoder_gen.sample.corpora import hub_requests
from magicoder_gen.sample.corpora.hub_patience import Again, patiently

if TYPE_CHECKING:
    import httpx2

Answer = TypeVar("Answer")

MAIN = "main"
_BRANCH = re.compile(r"(?!refs/)(?!.*(?:\.\.|//|/\.))[A-Za-z0-9_][\w./-]*", re.ASCII)
_COMMIT = re.compile("[0-9a-f]{40}")
_FEW_TRIES = 3  # for a question: a wrong endpoint or no network is told within seconds
_MANY_TRIES = 6  # for what changes something: with the waits of our own, half a minute
_KIND = "dataset"
_NO_XET = "; set HF_HUB_DISABLE_XET=1 for a hub that does not know Xet"


class Head(Record, frozen=True):
    """A branch as it is now: the commit it is at, "" if there is none yet, and whether strangers see it."""

    commit: str
    is_private: bool


class StoredFile(Record, frozen=True):
    """A file of the repository: its SHA-256 if it is large, else the name that git gives its content."""

    bytes: int
    sha256: str | None
    git_id: str


class Account(Record, frozen=True):
    """Whose token it is, the organisations of that account, and whether the token may only read."""

    name: str
    organisations: list[str]
    only_reads: bool

    def lacks(self, owner: str | None) -> str | None:
        """Return what keeps it from changing a repository, or from making one of `owner`; None if nothing is known."""
        if self.only_reads:
            return f"the token of {self.name} may only read; use one that may write"
        if owner and owner.lower() not in {name.lower() for name in (self.name, *self.organisations)}:
            return f"{owner} is neither the account {self.name} nor one of its organisations; correct OWNER"
        return None


class Hub:
    """The branch `revision` of the repository `name`, "owner/name", asked with the token of this machine.

    Raises NotAuthorised, ConfigError, TryLater or CorpusUnreachable, each in one line, after some patience.
    """

    def __init__(self, name: str, revision: str) -> None:
        self.name = _valid(name)
        self.revision = _branch(revision)
        self.endpoint = hub_requests.endpoint()
        token, source = hub_requests.token("HF_TOKEN")
        self.has_token = token is not None
        self.page = f"{self.endpoint}/datasets/{name}"
        self._asked = Asked(self.endpoint, self.page, source, token or "")
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._api = HfApi(endpoint=self.endpoint, token=token or False, headers=client.AGENT)
        _silence()
        client.install()

    def require_token(self) -> None:
        """Raise NotAuthorised if there is none."""
        if not self.has_token:
            raise self._asked.no_token()

    def unreachable(self, why: str) -> CorpusUnreachable:
        """Return the error for a hub that does not answer as one."""
        return self._asked.unreachable(why)

    def account(self) -> Account | None:
        """Return whose token it is; None where a hub does not tell."""

        def tell() -> Account:
            told = self._api.whoami()
            token = told.get("auth", {}).get("accessToken") or {}
            organisations = [each["name"] for each in told.get("orgs", [])]
            return Account(self._asked.shown(told["name"]), organisations, token.get("role") == "read")

        try:
            return self._ask(tell)
        except ConfigError:  # a mirror need not know
            return None

    def head(self, revision: str) -> Head | None:
        """Return where a branch is; None if there is none, or no such repository, or none that we are shown."""

        def look() -> Head | None:
            try:
                found = self._api.dataset_info(self.name, revision=revision)
            except (RepositoryNotFoundError, RevisionNotFoundError) as error:
                if _is_refused(error):
                    raise
                return None
            return Head(found.sha or "", bool(found.private))

        return self._ask(look)

    def files(self, commit: str) -> dict[str, StoredFile]:
        """Return the files of a commit by their paths."""
        if not commit:
            return {}
        return self._ask(partial(self._listed, commit))

    def _listed(self, commit: str) -> dict[str, StoredFile]:
        """List them by ourselves: the library follows a list to wherever it leads, for as long as it does."""
        first = f"{self.endpoint}/api/datasets/{self.name}/tree/{quote(commit, safe='')}?recursive=true&expand=false"
        try:
            pages = [page.json() for page in hub_requests.pages(first, self.endpoint, self._page)]
        except hub_requests.Endless as error:
            raise self.unreachable(str(error)) from error
        return {entry["path"]: _stored(entry) for page in pages for entry in page if entry["type"] == "file"}

    def _page(self, url: str) -> "httpx2.Response":
        answer = huggingface_hub.get_session().get(url, headers=self._headers)
        hf_raise_for_status(answer)
        return answer

    def create(self, *, private: bool) -> None:
        """Make the repository; if somebody was faster, theirs is taken as it is."""
        make = partial(self._api.create_repo, self.name, private=private, repo_type=_KIND, exist_ok=True)
        self._ask(make, tries=_MANY_TRIES)

    def branch(self) -> None:
        """Make the branch from main."""
        make = partial(self._api.create_branch, self.name, branch=self.revision, repo_type=_KIND, exist_ok=True)
        self._ask(make, tries=_MANY_TRIES)

    def addition(self, file: ExportedFile, content: Path | bytes) -> CommitOperationAdd:
        """Return what stands for a file that is to be sent: its bytes, or where they lie."""
        added = CommitOperationAdd(file.path, content)
        added.upload_info.sha256 = bytes.fromhex(file.sha256)
        return added

    def upload(self, addition: CommitOperationAdd) -> None:
        """Send one file to the hub's storage, if it is large and not there; it is nowhere to be seen until a commit.

        A .gitignore of the repository leaves nothing out.
        """
        send = partial(
            self._api.preupload_lfs_files,
            self.name,
            [addition],
            revision=self.revision,
            repo_type=_KIND,
            free_memory=True,
            gitignore_content="",
        )
        self._ask(send, tries=_MANY_TRIES, otherwise="" if constants.HF_HUB_DISABLE_XET else _NO_XET)

    def commit(
        self,
        additions: Sequence[CommitOperationAdd],
        removed: Sequence[str],
        *,
        head: Head,
        message: str,
    ) -> str:
        """Make one commit upon `head` of files that were sent, and return its name; large files count as sent."""
        operations = [*(CommitOperationDelete(path, is_folder=False) for path in removed), *additions]
        make = partial(
            self._api.create_commit,
            self.name,
            operations,
            commit_message=message,
            revision=self.revision,
            repo_type=_KIND,
            parent_commit=head.commit or None,
        )
        return str(self._ask(make, tries=_MANY_TRIES).oid)

    def check_card(self, text: str) -> None:
        """Raise ConfigError if the hub would refuse the card; before anything is sent, not behind it."""

        def ask() -> None:
            answer = huggingface_hub.get_session().post(
                f"{self.endpoint}/api/validate-yaml",
                headers=self._headers,
                json={"content": text, "repoType": _KIND},
            )
            if answer.status_code == 400:  # noqa: PLR2004  # bad request
                errors = answer.json().get("errors", [])
                said = self._asked.shown("; ".join(str(each.get("message")) for each in errors))
                raise ConfigError(f"the hub refuses the card README.md: {said}; correct export.card, and export again")

        self._ask(ask)

    def _ask(self, ask: Callable[[], Answer], *, tries: int = _FEW_TRIES, otherwise: str = "") -> Answer:
        """Return the hub's answer, asked for again while it is busy; raise what any other answer means."""
        if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
            raise CorpusUnreachable(f"cannot reach {self.endpoint}: HF_HUB_OFFLINE forbids it; unset it")
        try:
            with warnings.catch_warnings(action="ignore"):
                return patiently(partial(_bare, ask), hub=self.endpoint, tries=tries, stage="push")
        except MagicoderError:
            raise
        except Exception as error:
            raise self._asked.meaning(error, otherwise=otherwise) from error


def _bare(ask: Callable[[], Answer]) -> Answer:
    """Ask; let what says that asking again may help come through the library's own error about a file."""
    try:
        return ask()
    except RuntimeError as error:
        if isinstance(error.__cause__, Again):
            raise error.__cause__ from error
        raise


def _is_refused(error: HfHubHTTPError) -> bool:
    """Whether a token is no good: the hub then answers as if there were no such repository."""
    return error.response.headers.get("X-Error-Message", "").startswith("Invalid credentials")


def _stored(entry: dict[str, Any]) -> StoredFile:
    return StoredFile(entry["size"], entry["lfs"]["oid"] if entry.get("lfs") else None, entry["oid"])


def _valid(name: str) -> str:
    """Return the name of a repository; raise ConfigError if the hub allows none such."""
    try:
        validate_repo_id(name)
    except HFValidationError as error:
        rules = "letters, digits, -, _ and . are allowed, up to 96, no -- or .., none of - and . at either end"
        raise ConfigError(f"{name!r} is no name of a repository: OWNER/NAME, {rules}") from error
    if "/" not in name:
        raise ConfigError(f"{name!r} names no owner; write OWNER/NAME, OWNER being your account or an organisation")
    return name


def _branch(revision: str) -> str:
    """Return the name of a branch; raise ConfigError if git allows none such, or if it is a commit's."""
    if not _BRANCH.fullmatch(revision) or revision.endswith(("/", ".", ".lock")) or _COMMIT.fullmatch(revision):
        raise ConfigError(f"--revision {revision!r} is no name of a branch; use letters, digits, -, _, . and /")
    return revision


def _silence() -> None:
    """Keep the library's bars and its log, which tells addresses, out of ours."""
    with warnings.catch_warnings(action="ignore"):  # of who wants to see bars, who then does
        disable_progress_bars()
    logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL + 1)
