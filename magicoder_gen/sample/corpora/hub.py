"""Documents that are rows of a dataset on the Hugging Face Hub, of which only what is needed crosses the network."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import PurePosixPath
from typing import Annotated, Any

import msgspec

from magicoder_gen.errors import ConfigError
from magicoder_gen.records import Block, Document, Origin, Record, Skipped
from magicoder_gen.sample import languages
from magicoder_gen.sample.corpora import parquet
from magicoder_gen.sample.corpora.columns import Columns
from magicoder_gen.sample.corpora.files import MAX_BYTES
from magicoder_gen.sample.corpora.hub_files import Damaged, RemoteFile, column_names, column_spans
from magicoder_gen.sample.corpora.hub_requests import Missing, Repository, endpoint, stopping

_COMMIT = re.compile("[0-9a-f]{40}")
_THREADS = 8  # footers asked for at a time; each takes a round trip or two
_SHOWN = 20  # folders that a message lists


class Hub(Block, frozen=True, dict=True):
    """One document per row of the parquet files of `dataset`, "owner/name" on the Hugging Face Hub.

    Of `data_dir` (`python` in bigcode/starcoderdata; null = all) at `revision` (branch, tag or commit; null = main),
    only footers and the needed columns of the row groups drawn from are fetched; nothing is kept on disk.
    `text` names the column of source code. All rows are in `language`, or each in what `language_column` says, or
    what the extension in the column `path` tells. `repo`, `path`, `license`, `revision_column` and `swhid` name the
    columns that say where a row comes from. A text of more than `max_bytes` bytes is skipped. `token_env` names the
    environment variable that holds a token, else what `hf auth login` stored is used; null sends none. HF_ENDPOINT
    says where the hub is. `weight` is the share of the seeds relative to other corpora; null = as many as it gives.
    """

    dataset: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$")]
    data_dir: str | None = None
    revision: str | None = None
    text: str = "content"
    language: str | None = None
    language_column: str | None = None
    repo: str | None = None
    path: str | None = None
    license: str | None = None
    revision_column: str | None = None
    swhid: str | None = None
    max_bytes: Annotated[int, msgspec.Meta(ge=1)] = MAX_BYTES
    token_env: str | None = "HF_TOKEN"  # noqa: S105  # a name
    weight: Annotated[float, msgspec.Meta(gt=0)] | None = None

    def __post_init__(self) -> None:
        if self.language and self.language_column:
            raise ValueError("a hub corpus has either language or language_column")
        if not (self.language or self.language_column or self.path):
            raise ValueError("a hub corpus needs language, language_column or path, whose extension tells the language")

    def fragments(self) -> list["RowGroup | Lost"]:
        """Return the row groups of the files in order of their names; reads the footers, some at a time."""
        languages.check([self.language] if self.language else [], key="sample.corpora: language")
        files = self._files()
        stopping.clear()
        pool = ThreadPoolExecutor(_THREADS)
        try:
            found = [part for parts in pool.map(self._fragments_of, files) for part in parts]
        except BaseException:
            stopping.set()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        lacking = [
            part.skipped.detail for part in found if isinstance(part, Lost) and part.skipped.reason == "no_column"
        ]
        if lacking and all(isinstance(part, Lost) for part in found):
            raise ConfigError(
                f"sample.corpora: no readable file of {self.title()} has every column: {lacking[0]}; correct them"
            )
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

    @property
    def _columns(self) -> Columns:
        return Columns(
            text=self.text,
            language=self.language,
            language_column=self.language_column,
            repo=self.repo,
            path=self.path,
            license=self.license,
            revision=self.revision_column,
            swhid=self.swhid,
        )

    def _files(self) -> list[RemoteFile]:
        """Return the parquet files of the folder, sorted by path; raise ConfigError if there is none."""
        repository, commit = self._repository, self._commit
        try:
            entries = repository.entries(commit, self._folder, recursive=True)
        except Missing:
            entries = []
        sizes = {entry["path"]: entry["size"] for entry in entries if entry["type"] == "file"}
        found = sorted(path for path in sizes if path.endswith(".parquet"))
        if not found:
            raise ConfigError(self._no_file(repository, commit))
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

    def _fragments_of(self, file: RemoteFile) -> list["RowGroup | Lost"]:
        """Return the row groups of one file, or what stands for a file that cannot be read."""
        try:
            metadata = file.metadata()
            names = column_names(metadata)
            if missing := parquet.check(names, self._columns):
                count, corpus = metadata.num_rows, _corpus(file)
                return [_lost(file, parquet.no_column(file.title, missing, found=names, corpus=corpus, count=count))]
            return list(self._row_groups(file, metadata))
        except Missing:
            return [
                _lost(file, Skipped("vanished", Origin(_corpus(file)), detail=f"{file.title} is not there any more"))
            ]
        except Damaged as error:
            detail = f"{file.title} is damaged and is left out: {error}"
            return [_lost(file, Skipped("bad_file", Origin(_corpus(file)), detail=detail))]

    def _row_groups(self, file: RemoteFile, metadata: Any) -> Iterator["RowGroup"]:
        columns = self._columns
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
    """What stands for a file that cannot be read."""

    id: str
    skipped: Skipped
    documents: int
    bytes: int = 0
    languages: dict[str, int] = {}

    def read(self) -> Iterator[Document | Skipped]:
        """Yield why it cannot be read."""
        yield self.skipped


def _lost(file: RemoteFile, skipped: Skipped) -> Lost:
    return Lost(file.path, skipped, skipped.count)


def _corpus(file: RemoteFile) -> str:
    return f"hub:{file.repository.name}@{file.commit[:12]}"
