"""A hub on 127.0.0.1 that data sets can be pushed to and loaded from, well or badly, and what it was asked.

It speaks plain LFS, the basic transfer only: whoever pushes sets HF_HUB_DISABLE_XET, or names a folder for Xet.
"""

import asyncio
import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from hub_repositories import Repository, entry, folder_entry, git_id

CUT = "cut"  # half of the body is read, then the connection breaks
HANG = "hang"  # no answer
LOST = "lost"  # it is done, but the answer never comes
USER, ORGANISATION, TOKEN = "owner", "lab", "hf_CanaryTokenOfOwner"
_QUESTIONS = ("/paths-info/", "/api/validate-yaml")  # POST, and change nothing

Answer = tuple[int, dict[str, str], str] | str | None
Behaviour = Callable[[str, int], Answer]


class UploadServer:
    """The repositories of `USER` and `ORGANISATION`; the token `TOKEN` is the only one that is known.

    Files of `lfs_from` bytes and more go to the large storage, `objects`. `asked` holds method and path of every
    request, `received` the bytes that came as large files, `created` what repositories were asked for with.
    """

    def __init__(self, behaviour: Behaviour, *, role: str, lfs_from: int) -> None:
        self.url = ""
        self.repositories: dict[str, Repository] = {}
        self.objects: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.created: list[dict[str, Any]] = []
        self.received = 0
        self.xet: Path | None = None  # the folder that hf_xet writes to in place of a server
        self.by_xet: dict[str, bytes] = {}  # by SHA-256, what is believed to be there once a commit names it
        self.hanging = threading.Event()  # set when somebody waits for an answer that does not come
        self.before_commit: Callable[[], None] = lambda: None
        self._behaviour = behaviour
        self._role = role
        self._lfs_from = lfs_from

    def changes(self) -> list[tuple[str, str]]:
        """What was asked that is more than a question."""
        return [
            (method, path)
            for method, path in self.asked
            if method not in {"GET", "HEAD"} and not any(question in path for question in _QUESTIONS)
        ]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Misbehave as asked, or answer."""
        key = f"{request.method} {request.path}"
        self.asked.append((request.method, request.path))
        self.headers.append(dict(request.headers))
        number = sum(f"{method} {path}" == key for method, path in self.asked)
        fault = self._behaviour(key, number)
        if isinstance(fault, tuple):
            await request.read()
            return web.Response(status=fault[0], headers=fault[1], text=fault[2])
        if fault == CUT:
            return await self._cut(request)
        if fault == HANG:
            self.hanging.set()
            await asyncio.sleep(60)
        given = request.headers.get("Authorization")
        if given is not None and given != f"Bearer {TOKEN}":
            return web.Response(status=401, headers={"X-Error-Message": "Invalid credentials in Authorization header"})
        answer = await self._answer(request, given is not None)
        return await self._cut(request) if fault == LOST else answer

    async def _cut(self, request: web.Request) -> web.StreamResponse:
        if request.content_length:
            await request.content.read(min(1024, request.content_length // 2))
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def _answer(  # noqa: PLR0911  # one way each
        self,
        request: web.Request,
        known: bool,  # noqa: FBT001
    ) -> web.StreamResponse:
        parts = request.path.strip("/").split("/")
        match parts:
            case ["api", "whoami-v2"]:
                return self._whoami(known)
            case ["api", "validate-yaml"]:
                return self._validate(await request.json())
            case ["api", "repos", "create"]:
                return self._create(await request.json())
            case ["objects", oid]:
                return await self._put(request, oid)
            case ["api", "datasets", owner, name, *rest]:
                return await self._api(request, f"{owner}/{name}", rest, known=known)
            case ["datasets", _, _, "info", "lfs", "objects", "batch"]:
                return self._batch(await request.json())
            case ["datasets", owner, name, "resolve", revision, *path]:
                return self._resolve(request, f"{owner}/{name}", revision, "/".join(path), known=known)
        return web.Response(status=404)

    def _whoami(self, known: bool) -> web.Response:  # noqa: FBT001
        if not known:
            return web.Response(status=401)
        token = {"accessToken": {"role": self._role}}
        return web.json_response({"name": USER, "orgs": [{"name": ORGANISATION}], "auth": token})

    def _validate(self, asked: dict[str, Any]) -> web.Response:
        if "license: no-such-licence" in asked["content"]:
            return web.json_response({"errors": [{"message": '"license" must be one of [...]'}]}, status=400)
        return web.json_response({"errors": [], "warnings": [{"message": "a warning of the card"}]})

    def _create(self, asked: dict[str, Any]) -> web.Response:
        self.created.append(asked)
        owner = asked["organization"] or USER
        if owner not in {USER, ORGANISATION}:
            return _error("", status=403, said=f"You don't have the rights to create a dataset under {owner}")
        name = f"{owner}/{asked['name']}"
        if name in self.repositories:
            there = {"error": "You already created this dataset repo", "url": f"{self.url}/datasets/{name}"}
            return web.json_response(there, status=409)
        self.repositories[name] = Repository(private=asked["visibility"] == "private")
        return web.json_response({"url": f"{self.url}/datasets/{name}"})

    async def _api(  # noqa: PLR0911  # one way each
        self, request: web.Request, name: str, rest: list[str], *, known: bool
    ) -> web.StreamResponse:
        repository = self.repositories.get(name)
        if repository is None or (repository.private and not known):
            return _error("RepoNotFound", status=404 if known else 401)
        match rest:
            case [] | ["revision", _]:
                return self._info(repository, name, rest[1] if rest else "main")
            case ["tree", revision, *path]:
                deep = request.query.get("recursive", "").lower() == "true"
                return self._tree(repository, revision, "/".join(path), deep=deep)
            case ["paths-info", revision]:
                return self._paths(repository, revision, (await request.post()).getall("paths", []))
            case ["branch", branch]:
                files = repository.files()
                repository.branches[branch] = repository.commit(branch, dict(files), "branch")
                return web.json_response({})
            case ["preupload", _]:
                return self._preupload(await request.json(), repository)
            case ["xet-write-token", _] if self.xet:
                store = {"accessToken": "x", "exp": 1 << 33, "casUrl": f"local://{self.xet}"}
                return web.json_response(store)
            case ["commit", branch]:
                return await self._commit(request, repository, branch, page=f"{self.url}/datasets/{name}")
        return web.Response(status=404)

    def _info(self, repository: Repository, name: str, revision: str) -> web.Response:
        sha = repository.branches.get(revision, revision)
        if sha not in repository.commits:
            return _error("RevisionNotFound")
        files = [{"rfilename": path} for path in repository.files(sha)]
        return web.json_response({"id": name, "sha": sha, "private": repository.private, "siblings": files})

    def _tree(self, repository: Repository, revision: str, folder: str, *, deep: bool) -> web.Response:
        if repository.branches.get(revision, revision) not in repository.commits:
            return _error("RevisionNotFound")
        files = repository.files(revision)
        below = f"{folder}/" if folder else ""
        found = [path for path in sorted(files) if path.startswith(below)]
        folders = sorted({below + path[len(below) :].partition("/")[0] for path in found} - set(files))
        if not deep:
            found = [path for path in found if "/" not in path[len(below) :]]
        return web.json_response(
            [*map(folder_entry, folders), *(entry(path, files[path], large=self.objects) for path in found)]
        )

    def _paths(self, repository: Repository, revision: str, paths: list[Any]) -> web.Response:
        files = repository.files(revision)
        folders = {path.rpartition("/")[0] for path in files}
        found = [entry(path, files[path], large=self.objects) for path in paths if path in files]
        found += [folder_entry(path) for path in paths if path in folders]
        return web.json_response(found)

    def _preupload(self, asked: dict[str, Any], repository: Repository) -> web.Response:
        ignored = asked.get("gitIgnore", repository.files().get(".gitignore", b"").decode()).split("\n")
        modes = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["size"] >= self._lfs_from else "regular",
                "shouldIgnore": file["path"] in ignored,
            }
            for file in asked["files"]
        ]
        return web.json_response({"files": modes})

    def _batch(self, asked: dict[str, Any]) -> web.Response:
        objects = []
        for each in asked["objects"]:
            answer = {"oid": each["oid"], "size": each["size"]}
            if each["oid"] not in self.objects:
                link = {"href": f"{self.url}/objects/{each['oid']}?X-Amz-Signature=s3cr3t"}
                answer["actions"] = {"upload": link}
            objects.append(answer)
        return web.json_response({"transfer": "basic", "objects": objects})

    async def _put(self, request: web.Request, oid: str) -> web.Response:
        content = b""
        async for chunk in request.content.iter_any():
            content += chunk
            self.received += len(chunk)
        if hashlib.sha256(content).hexdigest() != oid:
            return web.Response(status=400, text="<Error>BadDigest</Error>")
        self.objects[oid] = content
        return web.Response()

    async def _commit(self, request: web.Request, repository: Repository, branch: str, *, page: str) -> web.Response:
        items = [json.loads(line) for line in (await request.read()).split(b"\n") if line]
        self.before_commit()
        header = items[0]["value"]
        if header.get("parentCommit", repository.branches[branch]) != repository.branches[branch]:
            return _error("", status=412, said="A commit has happened since. Please refresh and try again.")
        files = dict(repository.files(branch))
        for item in items[1:]:
            value = item["value"]
            if item["key"] == "deletedFile":
                del files[value["path"]]
            elif item["key"] == "lfsFile":
                if self.xet:
                    self.objects[value["oid"]] = self.by_xet[value["oid"]]
                files[value["path"]] = self.objects[value["oid"]]
            else:
                files[value["path"]] = base64.b64decode(value["content"])
        sha = repository.commit(branch, files, header["summary"])
        return web.json_response({"commitUrl": f"{page}/commit/{sha}", "commitOid": sha})

    def _resolve(self, request: web.Request, name: str, revision: str, path: str, *, known: bool) -> web.Response:
        repository = self.repositories.get(name)
        if repository is None or (repository.private and not known):
            return _error("RepoNotFound", status=404 if known else 401)
        files = repository.files(revision)
        if path not in files:
            return _error("EntryNotFound")
        commit = repository.branches.get(revision, revision)
        return web.Response(body=files[path], headers={"X-Repo-Commit": commit, "ETag": f'"{git_id(files[path])}"'})


def _error(code: str, *, status: int = 404, said: str = "") -> web.Response:
    said = said or f"about {code}"
    return web.json_response(
        {"error": said}, status=status, headers={"X-Error-Code": code, "X-Error-Message": said} if code else {}
    )


@contextmanager
def serving(
    behaviour: Behaviour = lambda _key, _number: None, *, role: str = "write", lfs_from: int = 2000
) -> Iterator[UploadServer]:
    """Serve on a free port until the block ends.

    `behaviour` gets method and path, and how often just that was asked; it answers (status, headers, text), CUT,
    HANG, LOST or None, which is what the hub would do.
    """
    server = UploadServer(behaviour, role=role, lfs_from=lfs_from)
    loop = asyncio.new_event_loop()
    app = web.Application(client_max_size=1 << 28)
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server.url = asyncio.run_coroutine_threadsafe(_start(runner), loop).result(10)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_end(runner), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _start(runner: web.AppRunner) -> str:
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


async def _end(runner: web.AppRunner) -> None:
    """Stop serving; requests that still hang are abandoned."""
    await runner.cleanup()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
