"""Every configuration in docs/teachers.md, against a server with the peculiarities of the one it is for."""

import asyncio
import json
import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
import yaml
from builders import ADesk, a_prompt, a_seed
from loopback import Server, completion, serving

from magicoder_gen.generate.teachers.chat import Chat
from magicoder_gen.records import Failure, Prompt, Reply

KEY = "canary-key-4711"
PAGE = Path(__file__).parents[3] / "docs" / "teachers.md"
SECTIONS = re.split(r"(?m)^## ", PAGE.read_text(encoding="utf-8"))[1:]
BLOCKS = {
    (section.split("\n")[0], number): yaml.safe_load(block)["generate"]["teacher"]
    for section in SECTIONS
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", section, re.DOTALL))
}
MESSAGE = {"role": "assistant", "content": "the answer"}


def sse(*events: object) -> tuple[int, dict[str, str], str]:
    """A stream of events; text goes as it is."""
    lines = [event if isinstance(event, str) else f"data: {json.dumps(event)}" for event in events]
    return 200, {"Content-Type": "text/event-stream"}, "".join(f"{line}\n\n" for line in lines)


def openai(prompt: str, number: int) -> object:
    """Limits in every header; detailed usage, annotations and a null refusal."""
    message = {**MESSAGE, "refusal": None, "annotations": []}
    usage = {"prompt_tokens": 9, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 0}}
    limits = {"x-ratelimit-limit-requests": "500", "x-ratelimit-remaining-requests": "499"}
    limits |= {"x-ratelimit-reset-requests": "120ms", "x-ratelimit-remaining-tokens": "199000"}
    body = completion(choices=[{"message": message, "logprobs": None, "finish_reason": "stop"}], usage=usage)
    return 200, limits, json.dumps({**body, "service_tier": "default"})


def azure(prompt: str, number: int) -> object:
    """Results of its filters beside every choice; a refused prompt is a 400."""
    if prompt == "prompt 0":
        inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {"filtered": True}}}
        error = {"message": "The response was filtered", "code": "content_filter", "status": 400, "innererror": inner}
        return 400, {}, json.dumps({"error": error})
    results = {"hate": {"filtered": False, "severity": "safe"}}
    choice = {"message": MESSAGE, "finish_reason": "stop", "content_filter_results": results}
    filtered = [{"prompt_index": 0, "content_filter_results": results}]
    return completion(choices=[choice], prompt_filter_results=filtered)


def openrouter(prompt: str, number: int) -> object:
    """Comments in the stream; errors of the provider in a 200 body, and at the end of a stream."""
    if prompt == "prompt 0" and number == 1:
        metadata = {"provider_name": "P", "raw": "overloaded"}
        return 200, {}, json.dumps({"error": {"code": 502, "message": "Provider returned error", "metadata": metadata}})
    begun = {"model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "the "}}]}
    if prompt == "prompt 1" and number == 1:
        broken = {"error": {"code": 502, "message": "gone"}, "choices": [{"delta": {}, "finish_reason": "error"}]}
        return sse(": OPENROUTER PROCESSING", begun, broken)
    if prompt == "prompt 2":
        metadata = {"reasons": ["harassment"], "flagged_input": "…"}
        return 403, {}, json.dumps({"error": {"code": 403, "message": "flagged", "metadata": metadata}})
    thought = {"choices": [{"delta": {"content": "", "reasoning": "hm"}}]}
    ended = {"choices": [{"delta": {"content": "answer"}, "finish_reason": "stop", "native_finish_reason": "stop"}]}
    usage = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 5, "cost": 0.1}}
    return sse(": OPENROUTER PROCESSING", ": OPENROUTER PROCESSING", thought, begun, ended, usage, "data: [DONE]")


def vllm(prompt: str, number: int) -> object:
    """Reasoning under one of two names; nulls; a prompt that is too long says so in words only."""
    if prompt == "prompt 0":
        said = "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens"
        return 400, {}, json.dumps({"error": {"message": said, "type": "BadRequestError", "param": None, "code": 400}})
    name = "reasoning" if prompt == "prompt 1" else "reasoning_content"
    message = {**MESSAGE, name: "hm", "refusal": None, "annotations": None, "tool_calls": [], "function_call": None}
    choice = {"message": message, "logprobs": None, "finish_reason": "stop", "stop_reason": None, "token_ids": None}
    return completion(choices=[choice], system_fingerprint=None)


def sglang(prompt: str, number: int) -> object:
    """Nulls wherever there is nothing to say, and what stopped it."""
    message = {**MESSAGE, "reasoning_content": "hm" if prompt == "prompt 1" else None, "tool_calls": None}
    choice = {"message": message, "logprobs": None, "finish_reason": "stop", "matched_stop": 151645}
    usage = {"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": None, "reasoning_tokens": 0}
    return (
        200,
        {},
        json.dumps({**completion(choices=[choice], usage=usage), "system_fingerprint": None, "metadata": {}}),
    )


def llama_cpp(prompt: str, number: int) -> object:
    """Still loading at first; timings; its own words for a prompt that is too long."""
    if prompt == "prompt 0":
        error = {"code": 400, "type": "exceed_context_size_error", "message": "too large", "n_ctx": 512}
        return 400, {}, json.dumps({"error": error})
    if prompt == "prompt 1" and number == 1:
        error = {"code": 503, "type": "unavailable_error", "message": "Loading model"}
        return 503, {"Retry-After": "0"}, json.dumps({"error": error})
    return completion("the answer", timings={"prompt_n": 9, "predicted_per_second": 31.4}, system_fingerprint="b6000")


def ollama(prompt: str, number: int) -> object:
    """One fingerprint for all, thoughts in the text, usage without details."""
    text = "<think>\nhm\n</think>\n\nthe answer" if prompt == "prompt 1" else "the answer"
    usage = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}
    return completion(text, system_fingerprint="fp_ollama", usage=usage)


PECULIAR: dict[str, Callable[[str, int], object]] = {
    "OpenAI": openai,
    "Azure OpenAI": azure,
    "OpenRouter": openrouter,
    "vLLM": vllm,
    "SGLang": sglang,
    "llama.cpp": llama_cpp,
    "Ollama": ollama,
    "Several endpoints at once": openai,
}
REFUSED = {
    "Azure OpenAI": ("prompt 0", "content_filter"),
    "OpenRouter": ("prompt 2", "content_filter"),
    "vLLM": ("prompt 0", "context_length"),
    "llama.cpp": ("prompt 0", "context_length"),
}
THINKS = {"OpenRouter", "vLLM", "SGLang", "Ollama"}  # about prompt 1


def on_loopback(block: dict[str, Any], server: Server) -> dict[str, Any]:
    """The same configuration, its server on loopback; the path stays."""
    path = urlsplit(block.get("base_url") or "https://api.openai.com/v1").path
    return {**block, "base_url": server.url.removesuffix("/v1") + path}


def asked(chat: Chat, number: int) -> dict[str, Reply | Failure]:
    """Ask; return outcomes by what was asked."""
    prompts: list[Prompt] = [
        msgspec.structs.replace(a_prompt(a_seed(index=n), id=f"p{n}", content=f"prompt {n}"), sampling=chat.sampling())
        for n in range(number)
    ]

    async def collect() -> dict[str, Reply | Failure]:
        return {f"prompt {one.seed.index}": one async for one in chat.answer(ADesk(prompts))}

    return asyncio.run(collect())


def test_every_server_is_replayed() -> None:
    """A new section needs its peculiarities here."""
    assert {name for name, _ in BLOCKS} == set(PECULIAR)


@pytest.mark.parametrize("name", [name for name in BLOCKS if name[0] != "Several endpoints at once"], ids=str)
def test_the_configuration_works(name: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every prompt is answered, or refused as what it is; thoughts are kept apart; the request is as documented."""
    section, block = name[0], BLOCKS[name]
    with serving(PECULIAR[section]) as server:
        chat = msgspec.convert(on_loopback(block, server), Chat)
        for variable in chat.key_variables():
            monkeypatch.setenv(variable, KEY)
        outcomes = asked(chat, 7)
    refused, kind = REFUSED.get(section, (None, None))
    for prompt, outcome in outcomes.items():
        if prompt == refused:
            assert isinstance(outcome, Failure)
            assert (outcome.kind, outcome.final) == (kind, True)
        else:
            assert isinstance(outcome, Reply)
            assert (outcome.text, outcome.finish_reason) == (
                completion()["choices"][0]["message"]["content"],
                "stop",
            ) or (outcome.text == "the answer")
            assert outcome.usage is not None
            assert not outcome.usage.estimated
    thinking = outcomes["prompt 1"]
    assert isinstance(thinking, Reply)
    assert thinking.reasoning == ("hm" if section in THINKS else None)
    _check_requests(server, block)


def _check_requests(server: Server, block: dict[str, Any]) -> None:
    """Where the key goes, the query, the fields of `extra`."""
    headers, path, body = server.headers[0], server.paths[0], server.bodies[0]
    assert body["model"] == block["model"]
    assert {key: body[key] for key in block.get("extra", {})} == block.get("extra", {})
    folder = urlsplit(block.get("base_url") or "https://api.openai.com/v1").path
    query = "&".join(f"{key}={value}" for key, value in block.get("query", {}).items())
    assert path == f"{folder}/chat/completions" + (f"?{query}" if query else "")
    if header := block.get("api_key_header"):
        assert {name.lower(): value for name, value in headers.items()}[header] == KEY
        assert "Authorization" not in headers
    elif block.get("api_key_env", "OPENAI_API_KEY"):
        assert headers["Authorization"] == f"Bearer {KEY}"


def test_several_endpoints_share_by_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each gets its share, its key, and its own name for the model."""
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    block = BLOCKS["Several endpoints at once", 0]
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(openai)) for _ in block["endpoints"]]
        endpoints = [on_loopback(one, server) for one, server in zip(block["endpoints"], servers, strict=True)]
        chat = msgspec.convert({**block, "endpoints": endpoints}, Chat)
        outcomes = asked(chat, 41)
    assert all(isinstance(outcome, Reply) for outcome in outcomes.values())
    first, second, third = (len(server.bodies) for server in servers)
    assert first == pytest.approx(3 * second, abs=3)
    assert 1 <= third <= 3  # 120 a minute
    assert servers[2].bodies[0]["model"] == "qwen/qwen3-32b"
    assert servers[2].headers[0]["Authorization"] == f"Bearer {KEY}"
    assert all(KEY not in str(one) for server in servers[:2] for one in server.headers)
