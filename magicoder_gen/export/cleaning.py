"""What the card says of cleaning: how duplicates and benchmark texts were looked for, and how many were dropped."""

from collections import Counter

from magicoder_gen.export.markdown import SHOWN, ordered, span, table
from magicoder_gen.export.tally import Tally
from magicoder_gen.records import Record

_TIERS = {
    "verbatim": "whole texts, whatever their case, spacing, punctuation and comment marks, but for what anybody writes",
    "fuzzy": "parts of texts, and code with other names",
    "semantic": "paraphrases, by embeddings and a judge",
}
_FOLLOWS = {"drop": "rows that hold one were dropped", "flag": "rows that hold one were kept with a label"}


class Cleaning(Record, frozen=True):
    """What samples were cleaned of, as the run that was exported was cleaned.

    `exact` names the texts that had to be new, `near` is the similarity from which samples are duplicates, None if they
    were kept. `checks` tells of each what followed: drop or flag. `published` counts earlier data sets whose samples
    had to be new too. `benchmarks` tells how many texts of each were looked for; `verbatim`, `fuzzy` and `semantic`
    what became of samples in which that tier found one: drop, flag or off; `meant` names the benchmarks of the last.
    """

    exact: tuple[str, ...] = ()
    near: float | None = None
    checks: dict[str, str] = {}
    published: int = 0
    benchmarks: dict[str, int] = {}
    verbatim: str = "off"
    fuzzy: str = "off"
    semantic: str = "off"
    meant: tuple[str, ...] = ()


def checked(told: Cleaning) -> str:
    """Return the section on duplicates and checks."""
    exact = f"dropped where another has the same {' or '.join(told.exact)}, white space aside" if told.exact else "kept"
    near = "kept"
    if told.near is not None:
        near = f"dropped where two share {told.near:.0%} of their runs of five words (Jaccard index, MinHash)"
    lines = [f"- Equal rows: {exact}.", f"- Similar rows: {near}."]
    if told.published:
        lines.append(f"- What repeats a row of {told.published:,} earlier data sets was dropped too.")
    for action, follows in (("drop", "Dropped"), ("flag", "Kept with a label")):
        names = ", ".join(span(name) for name, chosen in told.checks.items() if chosen == action)
        lines += [f"- {follows} where these checks object: {names}."] if names else []
    return "\n".join(["## Cleaning", "", *lines])


def decontaminated(told: Cleaning, tally: Tally) -> str:
    """Return the section on benchmark texts."""
    looked = _TIERS if told.benchmarks else ("semantic",)
    ran = {tier: getattr(told, tier) for tier in looked if getattr(told, tier) != "off"}
    if not ran:
        return "## Decontamination\n\nNone: rows may hold benchmark problems or their solutions."
    known = [f"{span(name)} ({texts:,} texts)" for name, texts in told.benchmarks.items()]
    names = ", ".join([*known, *(f"{span(name)} (by meaning)" for name in told.meant)])
    tiers = [f"- {tier}: {_TIERS[tier]}; {_FOLLOWS[action]}." for tier, action in ran.items()]
    tiers += [f"- Not looked for ({tier}): {what}." for tier, what in _TIERS.items() if tier not in ran]
    flagged = (
        f" {tally.labels['contaminated']:,} rows carry the label `contaminated`." if "flag" in ran.values() else ""
    )
    found = f"{sum(tally.contaminated.values()):,} rows dropped.{flagged}"
    return "\n".join(["## Decontamination", "", f"Benchmarks: {names}.", "", *tiers, "", found, *_by_tier(tally, ran)])


def _by_tier(tally: Tally, ran: dict[str, str]) -> list[str]:
    """Return a table of dropped rows by benchmark and tier; nothing if there are none."""
    by_benchmark = Counter[str]()
    for (benchmark, _), count in tally.contaminated.items():
        by_benchmark[benchmark] += count
    rows = [
        (span(benchmark), *(f"{tally.contaminated[benchmark, tier]:,}" for tier in ran))
        for benchmark, _ in ordered(by_benchmark.items())[:SHOWN]
    ]
    return ["", table(("dropped for", *ran), rows, numbers=len(ran))] if rows else []
