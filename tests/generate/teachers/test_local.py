"""The embedded teacher from prompt to reply."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from builders import ADesk, a_prompt

from magicoder_gen.errors import ConfigError
from magicoder_gen.generate import model_sources
from magicoder_gen.generate.teachers.local import Local
from magicoder_gen.records import Failure, Prompt, Reply


def answers(teacher: Local, prompts: list[Prompt]) -> list[Reply | Failure]:
    """Return every outcome."""

    async def collected() -> list[Reply | Failure]:
        return [outcome async for outcome in teacher.answer(ADesk(prompts))]

    return asyncio.run(collected())


@pytest.mark.embedded
def test_answers(model: Path) -> None:
    """Every prompt is answered within the grammar, free of charge, and again the same in a new server."""
    teacher = Local(model=model, threads=1, max_tokens=20)
    sampling = msgspec.structs.replace(teacher.sampling(), grammar='root ::= "yes " [a-z]+ | "no " [a-z]+')
    prompts = [
        msgspec.structs.replace(a_prompt(id=f"p{n}", content=f"Is {n} even?"), sampling=sampling) for n in range(3)
    ]
    first, second = answers(teacher, prompts), answers(teacher, prompts)
    assert [outcome.prompt_id for outcome in first] == ["p0", "p1", "p2"]
    assert all(isinstance(reply, Reply) and reply.cost == 0 for reply in first)
    texts = [reply.text for reply in first if isinstance(reply, Reply)]
    assert all(text and text.startswith(("yes ", "no ")) for text in texts)
    assert texts == [reply.text for reply in second if isinstance(reply, Reply)]


@pytest.mark.embedded
def test_too_long_for_the_context(model: Path) -> None:
    """A prompt that does not fit is a failure with a reason, and the next prompt is answered."""
    teacher = Local(model=model, threads=1, max_tokens=8)
    prompts = [
        msgspec.structs.replace(a_prompt(id=name, content=content), sampling=teacher.sampling())
        for name, content in (("long", "word " * 5000), ("short", "Hi."))
    ]
    long, short = answers(teacher, prompts)
    assert isinstance(long, Failure)
    assert "context" in long.message
    assert isinstance(short, Reply)


@pytest.mark.embedded
def test_sampling_names_the_content(model: Path) -> None:
    """Prompts carry a name that stands for the model's bytes, not for its path."""
    sampling = Local(model=model, temperature=0.2, max_tokens=99).sampling()
    assert sampling.model == f"SmolLM2-135M-Instruct.Q4_1-{model_sources.SMOLLM2.sha256[:12]}"
    assert (sampling.temperature, sampling.max_tokens, sampling.seed) == (0.2, 99, 976)


def test_no_such_model(tmp_path: Path) -> None:
    """A wrong path is known before the first prompt is made."""
    with pytest.raises(ConfigError, match=r"generate\.teacher\.model"):
        Local(model=tmp_path / "none.gguf").sampling()
