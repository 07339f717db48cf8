"""What a run asks when it is begun again: grown, drifted, redone, or ended by a target or a limit."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from builders import AN_ANSWER
from generating import Asked, accepts, answers, failed, generated, intents, replied, seeded

from magicoder_gen.errors import ConfigError, Drift, LimitReached, PoorYield
from magicoder_gen.generate.index import Index
from magicoder_gen.generate.index_file import NAME
from magicoder_gen.generate.limits import Limits
from magicoder_gen.generate.options import GenerateOptions
from magicoder_gen.generate.prices import Price
from magicoder_gen.generate.protocols import Outcome
from magicoder_gen.generate.teachers.chat import Chat
from magicoder_gen.records import Prompt


def test_a_complete_run_asks_nothing_more(tmp_path: Path) -> None:
    """Also without the index, which the journal makes anew."""
    run, asked = seeded(tmp_path, 5), Asked()
    entry = generated(run, asked)
    assert (entry.state, entry.counts.taken, entry.counts.kept) == ("complete", 5, 5)
    (run.folder("replies") / NAME).unlink()
    assert generated(run, asked).counts == entry.counts
    assert asked.seeds == [0, 1, 2, 3, 4]


def test_more_seeds_are_asked_and_the_others_are_not(tmp_path: Path) -> None:
    """A run grows; answers come in the order of their seeds."""
    asked = Asked()
    generated(seeded(tmp_path, 3), asked)
    run = seeded(tmp_path, 5)
    assert generated(run, asked).counts.kept == 5
    assert asked.seeds == [0, 1, 2, 3, 4]
    assert [reply.seed.index for reply in answers(run)] == [0, 1, 2, 3, 4]


def test_seeds_of_one_text_share_their_answer(tmp_path: Path) -> None:
    """The counts say so, also when the answers wanted of each are several."""
    asked = Asked()
    entry = generated(seeded(tmp_path, 5, same=3), asked, answers_per_seed=2)
    assert (entry.counts.taken, entry.counts.kept, entry.counts.reasons) == (10, 6, {"same_prompt": 4})
    assert len(asked.prompts) == 6


@pytest.mark.parametrize(("seed", "seeds_sent"), [(None, {None}), (7, {7, 8, 9})])
def test_several_answers_of_one_seed_are_records_of_their_own(
    tmp_path: Path, seed: int | None, seeds_sent: set[int | None]
) -> None:
    """Each has its number, and its own random seed where one is sent; a run can grow by them."""
    run, asked = seeded(tmp_path, 2), Asked()
    generated(run, asked, seed=seed)
    entry = generated(run, asked, seed=seed, answers_per_seed=3)
    assert (entry.counts.taken, entry.counts.kept) == (6, 6)
    assert [(reply.seed.index, reply.number) for reply in answers(run)] == [(s, n) for s in (0, 1) for n in (0, 1, 2)]
    assert {prompt.sampling.seed for prompt in asked.prompts} == seeds_sent
    assert len(asked.prompts) == 6


def test_the_same_answer_is_not_paid_for_several_times() -> None:
    """Greedy decoding without a seed says the same each time."""
    with pytest.raises(ValueError, match="temperature above 0"):
        GenerateOptions(teacher=Chat(temperature=0.0), answers_per_seed=2)
    GenerateOptions(teacher=Chat(temperature=0.0, seed=1), answers_per_seed=2)
    GenerateOptions(teacher=Chat(temperature=0.7), answers_per_seed=2)


def test_another_configuration_is_refused_with_what_changed(tmp_path: Path) -> None:
    """Nothing is sent, and nothing in the run changes; the old one goes on."""
    run, asked = seeded(tmp_path, 3), Asked()
    generated(run, asked, temperature=0.5)
    before = run.stages(), (run.folder("replies") / "part-00000.jsonl").read_bytes()
    with pytest.raises(Drift, match=r"3 answers .* changed: teacher\.max_tokens, teacher\.temperature;"):
        generated(run, asked, temperature=0.7, max_tokens=50)
    assert (run.stages(), (run.folder("replies") / "part-00000.jsonl").read_bytes()) == before
    assert generated(run, asked, temperature=0.5).state == "complete"
    assert len(asked.prompts) == 3


def test_drift_that_is_allowed_keeps_what_was_answered(tmp_path: Path) -> None:
    """Answered seeds stay, the rest is asked anew, and then the new configuration goes on by itself."""
    run, asked = seeded(tmp_path, 6, same=2), Asked()
    with pytest.raises(LimitReached):
        generated(run, asked, limits=Limits(max_requests=2))
    with pytest.raises(LimitReached):
        generated(run, asked, temperature=0.7, allow_drift=True, limits=Limits(max_requests=4))
    entry = generated(run, asked, temperature=0.7)
    assert (entry.state, entry.counts.kept, entry.counts.reasons) == ("complete", 5, {"same_prompt": 1})
    assert asked.seeds == [0, 1, 2, 3, 4]
    assert [prompt.sampling.temperature for prompt in asked.prompts] == [None, None, 0.7, 0.7, 0.7]
    assert len(answers(run)) == 5


def test_an_interrupted_request_of_the_old_configuration_is_not_answered_twice(tmp_path: Path) -> None:
    """What it may have cost stays on the bill; its seed is asked anew."""
    run = seeded(tmp_path, 2)
    price = Price(input=1.0, output=1.0)
    with pytest.raises(PoorYield):
        generated(run, lambda prompt: failed(prompt, uncertain=True), price=price, max_failed=0.0)
    entry = generated(run, Asked(), price=price, temperature=0.7)
    assert entry.counts.kept == 2
    with Index.reading(run.folder("replies")) as index:
        assert index.totals.lost == 2
        assert index.at_most() > index.totals.cost


def cut_off(limit: int, only: set[int] | None = None) -> Any:
    """Answers of seeds 1 and 3, or `only` those, do not fit into fewer tokens than `limit`."""

    def say(prompt: Prompt) -> Outcome:
        room = prompt.sampling.max_tokens or 0
        is_short = prompt.seed.index in (only or {1, 3}) and room < limit
        return replied(prompt, f"{room} tokens", finish_reason="length" if is_short else "stop")

    return say


def test_only_answers_that_were_cut_off_are_redone(tmp_path: Path) -> None:
    """The next stage gets the longer one; once more does nothing."""
    run, asked = seeded(tmp_path, 5), Asked(cut_off(200))
    generated(run, asked)
    for _ in range(2):
        entry = generated(run, asked, redo_truncated=200)
        assert (entry.state, entry.counts.taken, entry.counts.kept) == ("complete", 5, 5)
    assert asked.seeds == [0, 1, 1, 2, 3, 3, 4]
    texts = [reply.text for reply in answers(run)]
    assert texts == ["100 tokens", "200 tokens", "100 tokens", "200 tokens", "100 tokens"]


def test_what_is_cut_off_again_can_be_redone_with_still_more(tmp_path: Path) -> None:
    """Each number of tokens is tried once, and the longest answer that is whole wins."""
    run, asked = seeded(tmp_path, 4), Asked(cut_off(400))
    for tokens in (200, 200, 400, 200, 800):
        assert generated(run, asked, redo_truncated=tokens).state == "complete"
    assert asked.seeds == [0, 1, 1, 1, 2, 3, 3, 3]
    assert [reply.text for reply in answers(run)][1] == "400 tokens"


def test_a_redo_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    """The stage is not complete before every cut-off answer was asked for again."""
    run, asked = seeded(tmp_path, 4), Asked(cut_off(200))
    with pytest.raises(LimitReached):
        generated(run, asked, redo_truncated=200, limits=Limits(max_requests=5))
    assert run.stages()["generate"].state == "partial"
    assert generated(run, asked, redo_truncated=200).state == "complete"
    assert asked.seeds == [0, 1, 1, 2, 3, 3]


def test_redoing_needs_more_tokens_than_before() -> None:
    """A shorter answer is no remedy."""
    with pytest.raises(ValueError, match=r"more than teacher\.max_tokens, which is 2500"):
        GenerateOptions(teacher=Chat(), redo_truncated=2500)


def test_newer_models_are_given_more_tokens_in_their_own_words(tmp_path: Path) -> None:
    """A request has one bound, not two that contradict each other."""
    run, asked = seeded(tmp_path, 1), Asked(lambda prompt: replied(prompt, finish_reason="length"))
    options = {"max_tokens": None, "extra": {"max_completion_tokens": 100}}
    generated(run, asked, redo_truncated=200, **options)
    assert [prompt.sampling.extra for prompt in asked.prompts] == [
        {"max_completion_tokens": 100},
        {"max_completion_tokens": 200},
    ]
    assert {prompt.sampling.max_tokens for prompt in asked.prompts} == {None}


class Parsing:
    """Answers that parse for some seeds; remembers how many could have been under way."""

    def __init__(self, good: set[int]) -> None:
        self.asked = 0
        self.good = good

    def __call__(self, prompt: Prompt) -> Outcome:
        """Answer."""
        self.asked += 1
        return replied(prompt, AN_ANSWER if prompt.seed.index in self.good else "I would rather not.")


def test_a_target_ends_the_stage(tmp_path: Path) -> None:
    """Complete as soon as so many parse; the others are not needed; never more are under way than are missing."""
    run, teacher = seeded(tmp_path, 20), Parsing({0, 2, 4, 6, 8, 10})
    entry = generated(run, teacher, limits=Limits(target_accepted=4), concurrency=16)
    assert sum(map(accepts, answers(run))) == 4
    assert (entry.state, entry.counts.taken) == ("complete", 20)
    assert entry.counts.reasons == {"not_needed": 20 - teacher.asked}
    assert teacher.asked == entry.counts.kept == 7


def test_a_target_counts_what_is_there(tmp_path: Path) -> None:
    """A higher one goes on from it, a reached one sends nothing."""
    run, teacher = seeded(tmp_path, 20), Parsing(set(range(20)))
    generated(run, teacher, limits=Limits(target_accepted=4))
    generated(run, teacher, limits=Limits(target_accepted=3))
    assert teacher.asked == 4
    generated(run, teacher, limits=Limits(target_accepted=6))
    assert teacher.asked == 6
    assert generated(run, teacher).counts.kept == 20


def test_a_target_that_is_missed_is_said_each_time(tmp_path: Path) -> None:
    """Exit code 3; a run without answers left to ask is not called complete."""
    run, teacher = seeded(tmp_path, 5), Parsing({1, 2})
    for _ in range(2):
        with pytest.raises(PoorYield, match=r"2 answers of 3 wanted .* all were asked; raise sample\.num"):
            generated(run, teacher, limits=Limits(target_accepted=3))
        assert run.stages()["generate"].state == "partial"
    assert teacher.asked == 5
    assert (
        generated(seeded(tmp_path, 20), Parsing(set(range(20))), limits=Limits(target_accepted=3)).state == "complete"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"price": None}, "not bounded"),
        ({"price": Price(input=1.0)}, "not bounded"),
        ({"price": Price(input=1.0, output=1.0), "max_tokens": None}, "not bounded"),
    ],
)
def test_a_budget_without_prices_is_refused_before_anything_is_sent(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    """And nothing of the run is touched."""
    asked = Asked()
    with pytest.raises(ConfigError, match=message):
        generated(seeded(tmp_path, 2), asked, limits=Limits(max_cost=1.0), **change)
    assert (asked.prompts, (tmp_path / "replies").exists()) == ([], False)


def test_a_budget_over_answers_of_unknown_price_is_refused(tmp_path: Path) -> None:
    """The bill so far is unknown, so no limit can be kept; without one the run goes on."""
    run, price = seeded(tmp_path, 3), Price(input=1.0, output=1.0)
    with pytest.raises(LimitReached):
        generated(
            run, lambda prompt: msgspec.structs.replace(replied(prompt), cost=None), limits=Limits(max_requests=1)
        )
    asked = Asked()
    with pytest.raises(ConfigError, match="1 requests of this run were sent without a known price"):
        generated(run, asked, price=price, limits=Limits(max_cost=1.0))
    assert asked.prompts == []
    entry = generated(run, asked, price=price)
    assert (entry.state, entry.cost) == ("complete", None)


def costing(cost: float) -> Any:
    """Answers for so many USD."""
    return lambda prompt: replied(prompt, cost=cost)


def test_a_budget_counts_over_commands_and_prices(tmp_path: Path) -> None:
    """What was paid at another price stays what it was."""
    run = seeded(tmp_path, 10)

    with pytest.raises(LimitReached, match="max_cost=1 does not allow another request"):
        generated(run, costing(0.4), price=Price(input=0.0, output=4000.0), limits=Limits(max_cost=1.0))
    assert intents(run).total() == 2
    with pytest.raises(LimitReached):
        generated(run, costing(0.1), price=Price(input=0.0, output=1000.0), limits=Limits(max_cost=1.0))
    assert intents(run).total() == 4


def test_a_run_works_without_its_index(tmp_path: Path) -> None:
    """An index that cannot be opened is done without."""
    run = seeded(tmp_path, 3)
    (run.folder("replies") / NAME).mkdir(parents=True)
    asked = Asked()
    assert generated(run, asked).counts.kept == 3
    assert generated(run, asked).counts.kept == 3
    assert asked.seeds == [0, 1, 2]
    shutil.rmtree(run.folder("replies") / NAME)
    assert generated(run, asked).counts.kept == 3


def test_each_limit_says_what_helps(tmp_path: Path) -> None:
    """More of what is counted over all commands; nothing but the same command where each begins anew."""
    run, price = seeded(tmp_path, 5), Price(input=0.0, output=1000.0)
    with pytest.raises(LimitReached, match=r"max_requests=1 reached; 4 prompts left; raise it to go on$"):
        generated(run, price=price, limits=Limits(max_requests=1))
    said = (
        r"generate\.limits\.max_cost=0\.25 does not allow another request \(\$0\.\d+ spent or under way, "
        r"the next may cost \$0\.1000\); \d prompts? left; raise it to go on$"
    )
    with pytest.raises(LimitReached, match=said):
        generated(run, _lost, price=price, max_failed=1.0, limits=Limits(max_cost=0.25))
    with pytest.raises(LimitReached, match=r"max_duration=1e-09 reached; \d prompts? left; the same command goes on$"):
        generated(run, price=price, limits=Limits(max_duration=1e-9))


def _lost(prompt: Prompt) -> Outcome:
    return failed(prompt, uncertain=True)


def test_what_is_asked_again_is_announced_as_such(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not as nothing."""
    caplog.set_level("INFO")
    run = seeded(tmp_path, 5)
    generated(run, cut_off(200))
    generated(run, cut_off(200), redo_truncated=200)
    asking = [line for line in caplog.messages if line.startswith("asking")]
    assert asking == [
        "asking 5 prompts; 0 of 5 are done",
        "asking 2 prompts again that were cut off; 5 of 5 are done",
    ]


@pytest.mark.parametrize(
    ("final", "said"),
    [
        (False, "1 of 20 prompts failed (timeout 1); the same command asks it again"),
        (True, "1 of 20 prompts failed (context_length 1); will not be asked again"),
    ],
)
def test_failures_that_are_few_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, *, final: bool, said: str
) -> None:
    """Also where they are no error; once every prompt has its answer nothing is said."""
    run = seeded(tmp_path, 20)
    generated(run, lambda prompt: failed(prompt, final=final) if prompt.seed.index == 3 else replied(prompt))
    assert said in [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    caplog.clear()
    generated(run)
    assert (said in caplog.messages) == final


@pytest.mark.parametrize("is_failing", [False, True])
def test_a_missed_target_offers_only_what_helps(tmp_path: Path, *, is_failing: bool) -> None:
    """Asking again is of use where prompts failed."""

    def say(prompt: Prompt) -> Outcome:
        if is_failing and prompt.seed.index == 0:
            return failed(prompt)
        return replied(prompt, "no format")

    with pytest.raises(PoorYield) as missed:
        generated(seeded(tmp_path, 3), say, limits=Limits(target_accepted=2))
    assert ("asks those again that failed" in str(missed.value)) == is_failing
