"""What generating would take, in prompts, tokens, dollars and time. Sends nothing, writes nothing.

Where a run has seeds, its pending prompts are made and measured; for seeds that are not drawn yet, a few stand in.
Prompts and answers are taken to have as many tokens as those that the run has. Where it has none, input tokens are
counted with tiktoken if its table is at hand, else every four bytes count as one, and an answer has `MEAN_ANSWER`
tokens: the mean of 12 730 answers of Qwen2.5-Coder-0.5B-Instruct to seeds drawn as in the paper, cut off at 400
tokens, was 185 (median 166, 95 % under 400). Larger teachers write more, so this is too little rather than too much
for them. The most that something costs is what `max_cost` goes by: a token a byte, an answer as long as it may be.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, islice

from magicoder_gen.amounts import dollars, number_of
from magicoder_gen.fingerprint import digest
from magicoder_gen.generate import models, prices, tokens
from magicoder_gen.generate.index import Index
from magicoder_gen.generate.limits import Limits
from magicoder_gen.generate.options import GenerateOptions
from magicoder_gen.generate.plan import Plan, Size
from magicoder_gen.generate.prices import FREE, Price
from magicoder_gen.generate.protocols import Teacher
from magicoder_gen.generate.teachers import batch_ledger
from magicoder_gen.generate.teachers.batch_ledger import Handed
from magicoder_gen.generate.teachers.chat import Chat
from magicoder_gen.generate.teachers.endpoints import Endpoint
from magicoder_gen.generate.teachers.local import Local
from magicoder_gen.records import Prompt, Record, Sampling, Seed, Traffic, Usage
from magicoder_gen.storage import jsonl
from magicoder_gen.storage.rundir import RunDir

MEAN_ANSWER = 185  # tokens
COUNTED = 1000  # prompts whose tokens are counted; of the others, only bytes are
MARKS = 4  # tokens that a server adds per message, for its roles and marks
NOTHING = Traffic(0, 0, {}, 0, 0.0, 0, 0, None)


class Estimate(Record, frozen=True):
    """What is left to be done, and what that will take. Money is in USD; None is unknown, or not limited.

    `prompts` are asked in all, `pending` of them are not done; `is_exact` tells whether these were all made, not
    extrapolated from a few seeds. Tokens and cost are those of pending prompts, `…_at_most` if every answer is as long
    as it may be; `counted` and `assumed` say where input and output tokens come from. `handed_in` prompts are in
    batches under way, and not pending; `spent` has them among its uncertain requests. `affordable` pending prompts
    fit into what the limits leave, about. `seconds` is the time at the configured rate. `orphans` answers in the run
    are to other prompts, for which `generate` refuses to go on.
    """

    prompts: int
    pending: int
    is_exact: bool
    input_tokens: int
    counted: str
    output_tokens: int
    assumed: str
    output_tokens_at_most: int | None
    cost: float | None
    cost_at_most: float | None
    priced: str
    spent: Traffic
    handed_in: Handed
    max_cost: float | None
    affordable: int | None
    seconds: float | None
    orphans: int = 0


class _Amount(Record, frozen=True):
    """So many prompts, with the tokens they have and those that their answers can have at most.

    `cost_at_most` is in USD, and `dearest` the most that one of them can cost.
    """

    number: int
    input_tokens: float
    output_at_most: float | None
    cost_at_most: float | None
    dearest: float | None

    def times(self, number: int) -> "_Amount":
        """Return another number of such prompts."""
        share = number / self.number if self.number else 0.0
        most = None if self.output_at_most is None else self.output_at_most * share
        cost = None if self.cost_at_most is None else self.cost_at_most * share
        return _Amount(number, self.input_tokens * share, most, cost, self.dearest)

    def plus(self, other: "_Amount") -> "_Amount":
        """Return both together."""
        return _Amount(
            self.number + other.number,
            self.input_tokens + other.input_tokens,
            _sum(self.output_at_most, other.output_at_most),
            _sum(self.cost_at_most, other.cost_at_most),
            None if self.dearest is None or other.dearest is None else max(self.dearest, other.dearest),
        )


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def of_run(options: GenerateOptions, run: RunDir, *, more_seeds: int) -> Estimate:
    """Measure what is pending in a run that has seeds; `more_seeds` beyond those are still to be drawn."""
    sampling, seeds = _sampling(options.teacher), run.require("sample").kept()
    price = options.teacher.known_price()
    ask, size = options.asker(sampling), Size(seeds, options.answers_per_seed)
    with Index.copied(run.folder("replies")) as index:
        plan = Plan(index, run.folder("seeds"), ask, size=size, redo=options.redo_truncated)
        orphans = plan.begin(digest(options.prompt_inputs(run)))
        handed, under_way = batch_ledger.handed_in(index.folder / "batches", index.open)
        pending = (prompt for prompt in chain(plan.pending(), plan.redone()) if prompt.id not in under_way)
        found, counted = _measured(pending, sampling.model, price)
        traffic = index.traffic()
    if more_seeds:
        first = islice(jsonl.read_parts(run.folder("seeds"), Seed), COUNTED)
        typical, counted = _measured((ask(seed, 0) for seed in first), sampling.model, price)
        found = found.plus(typical.times(more_seeds * size.answers))
    prompts = (seeds + more_seeds) * size.answers
    return _estimate(options, found, counted, prompts, traffic, handed=handed, is_exact=not more_seeds, orphans=orphans)


def of_seeds(options: GenerateOptions, seeds: Sequence[Seed], *, wanted: int) -> Estimate:
    """Extrapolate from a few seeds to `wanted` ones, of which nothing was asked yet."""
    sampling = _sampling(options.teacher)
    ask = options.asker(sampling)
    few, counted = _measured((ask(seed, 0) for seed in seeds), sampling.model, options.teacher.known_price())
    number = wanted * options.answers_per_seed
    return _estimate(options, few.times(number), counted, number, NOTHING, is_exact=False)


def _sampling(teacher: Teacher) -> Sampling:
    """Return what prompts carry, without fetching an embedded model."""
    if isinstance(teacher, Local) and teacher.model is None:
        return teacher.sampling_of(models.PREFERRED[0].name)
    return teacher.sampling()


def _measured(prompts: Iterable[Prompt], model: str, price: Price | None) -> tuple[_Amount, str]:
    """Return how much the prompts are, and how their tokens were counted; the text of the first ones tells of all."""
    cost: float | None = 0.0
    dearest: float | None = 0.0
    count = tokens.at_hand(model)
    number = size = counted = marks = 0
    counted_size = 0
    most: int | None = 0
    for number, prompt in enumerate(prompts, start=1):
        texts = [turn.content for turn in prompt.messages]
        length = sum(len(text.encode("utf-8", "replace")) for text in texts)
        size, marks = size + length, marks + MARKS * len(texts)
        if count and number <= COUNTED:
            counted, counted_size = counted + sum(map(count, texts)), counted_size + length
        allowed = prices.bound(prompt.sampling)
        most = None if most is None or allowed is None else most + allowed
        one = price.at_most(prompt) if price else None
        cost, dearest = _sum(cost, one), None if dearest is None or one is None else max(dearest, one)
    asked = size * counted / max(1, counted_size) if count else size / tokens.BYTES_PER_TOKEN
    how = "counted with tiktoken" if count else f"{tokens.BYTES_PER_TOKEN} bytes a token"
    return _Amount(number, asked + marks, most, cost, dearest), how


def _estimate(
    options: GenerateOptions,
    left: _Amount,
    counted: str,
    prompts: int,
    traffic: Traffic,
    *,
    handed: Handed = batch_ledger.NOTHING,
    is_exact: bool,
    orphans: int = 0,
) -> Estimate:
    as_here = f"as in the {number_of(traffic.replies, 'answer')} here"
    asked = left.input_tokens
    if traffic.input_tokens:
        asked, counted = left.number * traffic.input_tokens / traffic.replies, as_here
    mean = traffic.output_tokens / traffic.replies if traffic.output_tokens else MEAN_ANSWER
    output = left.number * mean
    if left.output_at_most is not None:
        output = min(output, left.output_at_most)
    price = options.teacher.known_price()
    cost = _cost(price, asked, output)
    return Estimate(
        prompts=prompts,
        pending=left.number,
        is_exact=is_exact,
        input_tokens=round(asked),
        counted=counted,
        output_tokens=round(output),
        assumed=as_here if traffic.output_tokens else f"{mean:g} a prompt, assumed",
        output_tokens_at_most=None if left.output_at_most is None else round(left.output_at_most),
        cost=cost,
        cost_at_most=0.0 if price == FREE else left.cost_at_most if price else None,
        priced=_priced(options.teacher, price),
        spent=traffic,
        handed_in=handed,
        max_cost=options.limits.max_cost,
        affordable=_affordable(options.limits, left, cost, traffic),
        seconds=_seconds(options.teacher, left.number, asked + output),
        orphans=orphans,
    )


def _cost(price: Price | None, asked: float, answered: float | None) -> float | None:
    if price == FREE:
        return 0.0
    return None if price is None or answered is None else price.of(Usage(round(asked), round(answered)))


def _priced(teacher: Teacher, price: Price | None) -> str:
    """Say where the price is from, or what to do where there is none."""
    if price == FREE:
        return "costs nothing"
    if price is None or price.input is None or price.output is None:
        return "set generate.teacher.price, in USD per million tokens"
    own = getattr(teacher, "price", None)
    where = "generate.teacher.price" if own else f"OpenAI's list of {prices.TABLE_DATE}"
    return f"at ${price.input:g} and ${price.output:g} per million tokens, {where}"


def _affordable(limits: Limits, left: _Amount, cost: float | None, traffic: Traffic) -> int | None:
    """Return how many prompts fit into the limits; None where there is none, or nobody knows what one costs at most.

    The last one is sent while what is left of the money is no less than the most it can cost.
    """
    fit = []
    if limits.max_requests is not None:
        fit.append(max(0, limits.max_requests - traffic.requests))
    if limits.max_cost is not None and cost is not None and left.dearest is not None:
        money = limits.max_cost - (traffic.cost or 0.0) - (traffic.uncertain_cost or 0.0) - left.dearest
        fit.append(0 if money < 0 else 1 + int(money * left.number / cost) if cost else left.number)
    return min(left.number, *fit) if fit else None


def _seconds(teacher: Teacher, pending: int, token_count: float) -> float | None:
    """Return how long it takes at the rate that is configured; None unless every endpoint has one."""
    if not isinstance(teacher, Chat) or not pending:
        return None
    rates = [_per_minute(endpoint, token_count / pending) for endpoint in teacher.every_endpoint()]
    return None if None in rates else 60 * pending / sum(rate for rate in rates if rate)


def _per_minute(endpoint: Endpoint, tokens_each: float) -> float | None:
    """Return the prompts a minute that an endpoint may be asked."""
    by_tokens = endpoint.tokens_per_minute / tokens_each if endpoint.tokens_per_minute and tokens_each else None
    return min((rate for rate in (endpoint.requests_per_minute, by_tokens) if rate), default=None)


def lines(estimate: Estimate) -> list[str]:
    """Return the table for people, and what it rests on."""
    most = estimate.output_tokens_at_most
    rows = [
        ("prompts", f"{estimate.prompts:,}", "" if estimate.is_exact else "extrapolated from a few seeds"),
        ("  pending", f"{estimate.pending:,}", estimate.handed_in.said()),
        ("input tokens", f"{estimate.input_tokens:,}", estimate.counted),
        ("output tokens", f"{estimate.output_tokens:,}", estimate.assumed),
        ("  at most", "unknown", "set generate.teacher.max_tokens") if most is None else ("  at most", f"{most:,}", ""),
        ("cost", dollars(estimate.cost), estimate.priced),
        ("  at most", dollars(estimate.cost_at_most), ""),
        *_spent(estimate.spent, estimate.handed_in),
        *_limited(estimate),
    ]
    if estimate.seconds is not None:
        rows.append(("time", _duration(estimate.seconds), "at the configured rate"))
    width = max(len(amount) for _, amount, _ in rows)
    table = [f"{name:<16}{amount:>{width}}  {note}".rstrip() for name, amount, note in rows]
    refused = f"answers here to other prompts: {estimate.orphans:,}; generate refuses to go on without --allow-drift"
    return [*table, *([refused] if estimate.orphans else [])]


def _spent(traffic: Traffic, handed: Handed) -> list[tuple[str, str, str]]:
    """Return what the run has cost so far, if anything was asked."""
    if not traffic.requests:
        return []
    cost = dollars(traffic.cost) if traffic.replies else "nothing"
    rows = [("spent so far", cost, number_of(traffic.replies, "answer"))]
    lost, most = handed.others(traffic.uncertain, traffic.uncertain_cost)
    if handed.prompts:
        bound = None if traffic.uncertain_cost is None else handed.cost
        rows.append(("  under way", dollars(bound), f"at most, for {number_of(handed.prompts, 'prompt')} in batches"))
    if lost:
        rows.append(("  uncertain", dollars(most), f"at most, for {number_of(lost, 'request')} without an outcome"))
    return rows


def _limited(estimate: Estimate) -> list[tuple[str, str, str]]:
    """Return what the limits allow."""
    fit = estimate.affordable
    allowed = (
        "" if fit is None else "allows all that is pending" if fit == estimate.pending else f"allows about {fit:,}"
    )
    if estimate.max_cost is not None:
        return [("max_cost", dollars(estimate.max_cost), allowed or "cannot be kept without a price and max_tokens")]
    return [("max_requests", "", allowed)] if allowed else []


def _duration(seconds: float) -> str:
    minutes = seconds / 60
    return f"{seconds:.0f} s" if minutes < 2 else f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"  # noqa: PLR2004
