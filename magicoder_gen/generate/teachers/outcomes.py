"""What a prompt came to, as the journal keeps it: the same however it was asked."""

from magicoder_gen.generate import tokens
from magicoder_gen.generate.prices import Price
from magicoder_gen.generate.teachers.wire import Answer
from magicoder_gen.records import Failure, Prompt, Reply, Usage


def reply(prompt: Prompt, answer: Answer, *, price: Price | None, attempts: int, seconds: float) -> Reply:
    """Return the reply that an answer is; tokens that the server does not count are counted here."""
    usage = answer.usage or _estimated(prompt, answer)
    return Reply(
        prompt_id=prompt.id,
        seed=prompt.seed,
        text=answer.text,
        reasoning=answer.reasoning,
        finish_reason=answer.finish_reason,
        usage=usage,
        cost=price.of(usage) if price else None,
        model=answer.model or prompt.sampling.model,
        system_fingerprint=answer.system_fingerprint,
        attempts=attempts,
        seconds=round(seconds, 3),
        number=prompt.number,
        redo_of=prompt.redo_of,
    )


def failure(prompt: Prompt, kind: str, message: str, *, final: bool, uncertain: bool = False) -> Failure:
    """Return the failure of a prompt; `uncertain` if its last request may have been paid."""
    return Failure(prompt.id, prompt.seed, kind, message, final, uncertain, prompt.number, prompt.redo_of)


def _estimated(prompt: Prompt, answer: Answer) -> Usage:
    said = (answer.reasoning or "") + (answer.text or "")
    asked = sum(tokens.count(turn.content, prompt.sampling.model) for turn in prompt.messages)
    return Usage(asked, tokens.count(said, prompt.sampling.model), estimated=True)
