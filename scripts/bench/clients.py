"""Clients to compare with: each sends every prompt of a file and writes a line per answer.

    python scripts/bench/clients.py aiohttp URL prompts.jsonl answers.jsonl --concurrency 256

A prompt is a line {"row", "messages"}, an answer a line {"row", "finish_reason"}. `aiohttp` is the floor: a worker
pool and nothing else, no retry. `openai` and `openai_aiohttp` are the loop that most people write, on the client's
own transport and on its aiohttp one, with its own two retries. `curator` needs bespokelabs-curator.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import IO, Any

SAMPLING = {"model": "bench-model", "temperature": 0.0, "max_tokens": 2500}


def prompts(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the prompts, lazily."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


async def bare(arguments: argparse.Namespace, out: IO[str]) -> None:
    """Ask with aiohttp, `concurrency` workers over one iterator; a prompt that fails is not asked again."""
    import aiohttp
    import msgspec

    left = prompts(arguments.prompts)
    url = f"{arguments.url}/v1/chat/completions"
    headers = {"Content-Type": "application/json", "Authorization": "Bearer none"}

    async def work(session: aiohttp.ClientSession) -> None:
        for prompt in left:
            body = msgspec.json.encode({**SAMPLING, "messages": prompt["messages"]})
            try:
                async with session.post(url, data=body, headers=headers) as response:
                    answer = msgspec.json.decode(await response.read())
                    note(out, prompt["row"], answer["choices"][0]["finish_reason"])
            except (aiohttp.ClientError, msgspec.DecodeError, KeyError):
                continue  # no retry: this is the floor

    connector = aiohttp.TCPConnector(limit=arguments.concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(work(session) for _ in range(arguments.concurrency)))


async def openai(arguments: argparse.Namespace, out: IO[str], *, aiohttp: bool) -> None:
    """Ask with AsyncOpenAI, one task a prompt behind a semaphore."""
    from openai import AsyncOpenAI, DefaultAioHttpClient, OpenAIError

    free = asyncio.Semaphore(arguments.concurrency)
    transport = {"http_client": DefaultAioHttpClient()} if aiohttp else {}
    client = AsyncOpenAI(api_key="none", base_url=f"{arguments.url}/v1", **transport)

    async def ask(prompt: dict[str, Any]) -> None:
        async with free:
            try:
                answer = await client.chat.completions.create(messages=prompt["messages"], **SAMPLING)
            except (OpenAIError, json.JSONDecodeError):
                return
            note(out, prompt["row"], answer.choices[0].finish_reason)

    async with client:
        await asyncio.gather(*(ask(prompt) for prompt in prompts(arguments.prompts)))


def curator(arguments: argparse.Namespace, out: IO[str]) -> None:
    """Ask with curator; the tokenizer's tables, which tiktoken would fetch, are in litellm's wheel."""
    import litellm

    tables = Path(litellm.__file__).parent / "litellm_core_utils" / "tokenizers"
    cache = str(arguments.answers.with_suffix(".cache"))
    os.environ.update(TIKTOKEN_CACHE_DIR=str(tables), CURATOR_CACHE_DIR=cache, HF_HOME=cache)
    os.environ.update(TELEMETRY_ENABLED="false", CURATOR_DISABLE_RICH_DISPLAY="1", HF_HUB_OFFLINE="1")
    from bespokelabs import curator
    from datasets import Dataset

    class Ask(curator.LLM):
        return_completions_object = True

        def prompt(self, input: dict[str, Any]) -> Any:  # noqa: A002  # curator's name
            return input["messages"]

        def parse(self, input: dict[str, Any], response: Any) -> dict[str, Any]:  # noqa: A002
            return {"row": input["row"], "finish_reason": response["choices"][0]["finish_reason"]}

    backend = {
        "base_url": f"{arguments.url}/v1",
        "api_key": "none",
        "max_concurrent_requests": arguments.concurrency,
        "max_retries": 10,
        "require_all_responses": False,
    }
    sampling = {"temperature": SAMPLING["temperature"], "max_tokens": SAMPLING["max_tokens"]}
    ask = Ask(model_name="gpt-4o-mini", backend="openai", backend_params=backend, generation_params=sampling)
    answers = ask(Dataset.from_list(list(prompts(arguments.prompts))))
    for answer in getattr(answers, "dataset", answers):
        note(out, answer["row"], answer["finish_reason"])


def note(out: IO[str], row: str, finish_reason: str | None) -> None:
    """Write one answer."""
    out.write(json.dumps({"row": row, "finish_reason": finish_reason}) + "\n")


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run on uvloop where it is installed."""
    try:
        from uvloop import run as run_loop
    except ImportError:
        run_loop = asyncio.run
    run_loop(main)


CLIENTS: dict[str, Callable[[argparse.Namespace, IO[str]], None]] = {
    "aiohttp": lambda arguments, out: run(bare(arguments, out)),
    "openai": lambda arguments, out: run(openai(arguments, out, aiohttp=False)),
    "openai_aiohttp": lambda arguments, out: run(openai(arguments, out, aiohttp=True)),
    "curator": curator,
}


def main() -> None:
    """Be one client."""
    parser = argparse.ArgumentParser(description="one client of the benchmark")
    parser.add_argument("client", choices=CLIENTS)
    parser.add_argument("url")
    parser.add_argument("prompts", type=Path)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--concurrency", type=int, default=256)
    arguments = parser.parse_args()
    with arguments.answers.open("w", encoding="utf-8") as out:
        CLIENTS[arguments.client](arguments, out)


if __name__ == "__main__":
    sys.exit(main())
