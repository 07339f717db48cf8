"""Documents that are rows of a dataset on the Hugging Face Hub, of which only what is needed crosses the network."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import PurePosixPath
from typing import Any

from magicoder_gen.records import Origin, Positive, Record, Weight
from magicoder_gen.sample.corpora import parquet
from magicoder_gen.sample.corpora.columns import Columns
from magicoder_gen.sample.corpora.faults import WrongOption
from magicoder_gen.sample.corpora.files import MAX_BYTES
from magicoder_gen.sample.corpora.hub_answers import Missing
from magicoder_gen.sample.corpora.hub_files import Damaged, RemoteFile, column_names, column_spans
from magicoder_gen.sample.corpora.hub_requests import Repository, endpoint
from magicoder_gen.sample.protocols import Document, Skipped

_DATASET = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_COMMIT = re.compile("[0-9a-f]{40}")
_THREADS = 8  # footers asked for at a time; each takes a round trip or two
_SHOWN = 20  # folders that a message lists


class Hub(Columns, frozen=True, kw_only=True, dict=True):
    """One document per row of the parquet files of `dataset`, "owner/name" on the Hugging Face Hub.

    Of `data_dir` (`python` in bigcode/starcoderdata; null = all) at `revision` (branch, tag or commit of the dataset;
    null = main), only footers and the needed columns of the row groups drawn from are fetched; nothing is kept on disk.
    `text` names the column of source code. All rows are in `language`, or each in what `language_column` says, or
    what the extension in the column `path` tells. `repo`, `path`, `license`, `revision_column` and `swhid` name the
    columns that say where a row comes from. A text of more than `max_bytes` bytes is skipped. `token_env` names the
    environment variable that holds a token, else what `hf auth login` stored is used; null sends none. HF_ENDPOINT
    says where the hub is. `weight` is the share of the seeds relative to other corpora; null = as many as it gives.
    """

    dataset: str
    data_dir: str | None = None
    revision: str | None = None
    max_bytes: Positive = MAX_BYTES
    token_env: str | None = "HF_TOKEN"  # noqa: S105  # a name
    weight: Weight | None = None

    def __post_init__(self) -> None:
        Columns.__post_init__(self)
        if not _DATASET.fullmatch(self.dataset):
            raise ValueError('dataset is "owner/name", as at the end of the address of its page')

    def fragments(self) -> list["RowGroup | Lost"]:
        """Return the row groups of the files in order of their names; reads the footers, some at a time."""
        files = self._files()
        ended = threading.Event()  # threads that wait for the hub shall not hold up the end of the program
        pool = ThreadPoolExecutor(_THREADS)
        try:
            found = [part for parts in pool.map(partial(self._fragments_of, ended), files) for part in parts]
        except BaseException:
            ended.set()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        lacking = [part.lacks for part in found if isinstance(part, Lost) and part.lacks]
        if lacking and all(isinstance(part, Lost) for part in found):
            column, said = lacking[0]
            raise WrongOption(self.key_of(column), f"{said}; no other file has all columns; name the right one")
        return found

    def identity(self) -> str:
        """Return the dataset and its commit, for which the hub is asked once unless `revision` is one."""
        return f"{self.dataset}@{self._commit}"

    def title(self) -> str:
        """Return what messages call it."""
        return f"hub {self.dataset}{f'/{self._folder}' if self._folder else ''}"

    @cached_property
    def _commit(self) -> str:
        """The commit, resolved once: a branch that moves during a run changes nothing."""
        revision = self.revision or "main"
        return revision if _COMMIT.fullmatch(revision) else self._repository.resolved(revision)

    @property
    def _repository(self) -> Repository:
        return Repository(endpoint(), self.dataset, self.token_env)

    @property
    def _folder(self) -> str:
        return (self.data_dir or "").strip("/")

    def _files(self) -> list[RemoteFile]:
        """Return the parquet files of the folder, sorted by path; raise WrongOption if there is none."""
        repository, commit = self._repository, self._commit
        try:
            entries = repository.entries(commit, self._folder, recursive=True)
        except Missing:
            entries = []
        sizes = {entry["path"]: entry["size"] for entry in entries if entry["type"] == "file"}
        found = sorted(path for path in sizes if path.endswith(".parquet"))
        if not found:
            raise WrongOption("data_dir", self._no_file(repository, commit))
        return [RemoteFile(repository, commit, path, sizes[path]) for path in found]

    def _no_file(self, repository: Repository, commit: str) -> str:
        above, folders = self._folders(repository, commit)
        shown = ", ".join(folders[:_SHOWN]) + (", …" if len(folders) > _SHOWN else "")
        where = f" in data_dir {self._folder!r}" if self._folder else ""
        return (
            f"{repository.page} has no parquet file{where} at revision {self.revision or 'main'!r}; "
            f"{above or 'its root'} has {f'the folders {shown}' if folders else 'no folder'}; correct data_dir, "
            "or try revision refs/convert/parquet, which often holds the hub's own conversion"
        )

    def _folders(self, repository: Repository, commit: str) -> tuple[str, list[str]]:
        """Return the nearest folder that exists, `data_dir` or above it, and the folders in it."""
        for folder in (PurePosixPath(self._folder), *PurePosixPath(self._folder).parents):
            above = str(folder) if folder.name else ""
            try:
                entries = repository.entries(commit, above, recursive=False)
            except Missing:
                continue
            return above, [entry["path"] for entry in entries if entry["type"] == "directory"]
        return "", []

    def _fragments_of(self, ended: threading.Event, file: RemoteFile) -> list["RowGroup | Lost"]:
        """Return the row groups of one file, or what stands for a file that cannot be read."""
        try:
            metadata = file.metadata(ended=ended)
            names = column_names(metadata)
            columns = self.columns()
            if missing := parquet.check(names, columns):
                count, corpus = metadata.num_rows, _corpus(file)
                skipped = parquet.no_column(file.title, missing, found=names, corpus=corpus, count=count)
                return [_lost(file, skipped, lacks=(missing, parquet.lacks(file.title, missing, found=names)))]
            return list(self._row_groups(file, metadata))
        except Missing:
            return [
                _lost(file, Skipped("vanished", Origin(_corpus(file)), detail=f"{file.title} is not there any more"))
            ]
        except Damaged as error:
            detail = f"{file.title} is damaged and is left out: {error}"
            return [_lost(file, Skipped("bad_file", Origin(_corpus(file)), detail=detail))]

    def _row_groups(self, file: RemoteFile, metadata: Any) -> Iterator["RowGroup"]:
        columns = self.columns()
        for number in range(metadata.num_row_groups):
            size = sum(stop - first for first, stop in column_spans(metadata, number, columns.names()))
            rows = metadata.row_group(number).num_rows
            if rows > 0:
                yield RowGroup(file, number, columns, max_bytes=self.max_bytes, bytes=size, documents=rows)


class RowGroup(Record, frozen=True):
    """A row group of a file on the hub: `bytes` compressed bytes of the columns needed, `documents` rows."""

    file: RemoteFile
    number: int
    columns: Columns
    max_bytes: int
    bytes: int
    documents: int

    @property
    def id(self) -> str:
        """The file's path in the dataset, and the number of the row group."""
        return f"{self.file.path}:{self.number}"

    @property
    def languages(self) -> dict[str, int] | None:
        """How many documents of each language, where all have the same."""
        return {self.columns.language: self.documents} if self.columns.language else None

    def read(self) -> Iterator[Document | Skipped]:
        """Fetch the columns and yield the rows; raises CorpusUnreachable where the network fails."""
        corpus = _corpus(self.file)
        try:
            file = self.file.row_group(self.number, self.columns.names())
        except Missing:
            detail = (
                f"{self.id} of {self.file.repository.name} is not there any more; {self.documents} rows are left out"
            )
            yield Skipped("vanished", Origin(corpus), self.documents, detail)
        except Damaged as error:
            detail = f"{self.file.title} is damaged, {self.documents} rows are left out: {error}"
            yield Skipped("bad_row_group", Origin(corpus), self.documents, detail)
        else:
            yield from parquet.documents(
                file,
                self.number,
                columns=self.columns,
                corpus=corpus,
                max_bytes=self.max_bytes,
                name=self.file.title,
            )


class Lost(Record, frozen=True):
    """What stands for a file that cannot be read; `lacks` is a column that it has not, and what to say of that."""

    id: str
    skipped: Skipped
    documents: int
    lacks: tuple[str, str] | None = None
    bytes: int = 0
    languages: dict[str, int] = {}

    def read(self) -> Iterator[Document | Skipped]:
        """Yield why it cannot be read."""
        yield self.skipped


def _lost(file: RemoteFile, skipped: Skipped, *, lacks: tuple[str, str] | None = None) -> Lost:
    return Lost(file.path, skipped, skipped.count, lacks)


def _corpus(file: RemoteFile) -> str:
    return f"hub:{file.repository.name}@{file.commit[:12]}"
