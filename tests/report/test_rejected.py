"""What the rejections show."""

import msgspec
from builders import a_seed

from magicoder_gen.records import Rejection
from magicoder_gen.report.rejected import SHOWN, Cluster, Rejections


def repeating(kept: str, check: str = "exact") -> Rejection:
    """A row that repeats another."""
    return Rejection("p", a_seed(), "t", check, "seed", {"kept": kept}, "r")


def holding(item: str, *, benchmark: str = "mbpp", tier: str = "verbatim") -> Rejection:
    """A row that holds a benchmark's text."""
    evidence: dict[str, str | int | float | None] = {"tier": tier, "item": item, "score": 1, "text": "the task"}
    return Rejection("p", a_seed(), "t", "decontaminate", benchmark, evidence, "r")


def counted(*rejections: Rejection) -> Rejections:
    """All of them."""
    found = Rejections()
    for rejection in rejections:
        found.add(rejection)
    return found


def test_duplicates_are_clusters_around_what_stayed() -> None:
    """Exact and near ones together; the largest first."""
    found = counted(repeating("b"), repeating("a"), repeating("b", "near"), holding("MBPP/1"))
    clusters = found.clusters()
    assert (clusters.clusters, clusters.dropped, clusters.sizes) == (2, 3, {1: 1, 2: 1})
    assert clusters.largest == [Cluster("b", 2), Cluster("a", 1)]
    assert found.reasons == {"exact:seed": 2, "near:seed": 1, "decontaminate:mbpp": 1}


def test_each_benchmark_and_tier_is_among_the_evidence() -> None:
    """However many rows another one had."""
    many = [holding(f"MBPP/{number}") for number in range(100)]
    found = counted(*many, holding("GSM8K/7", benchmark="gsm8k"), holding("MBPP/200", tier="fuzzy")).contamination(3)
    assert (found.dropped, found.flagged) == (102, 3)
    assert (found.benchmarks, found.tiers) == ({"gsm8k": 1, "mbpp": 101}, {"fuzzy": 1, "verbatim": 101})
    assert len(found.evidence) == SHOWN
    assert {"GSM8K/7", "MBPP/200"} < {one.item for one in found.evidence}
    assert found.evidence[0].text == "the task"


def test_what_repeats_another_data_set_says_so() -> None:
    """The row that it repeats is not in this run."""
    elsewhere = msgspec.structs.replace(repeating("a", "near"), evidence={"kept": "a", "published": "runs/first"})
    assert counted(repeating("a"), elsewhere).clusters().largest == [Cluster("a", 1), Cluster("a", 1, "runs/first")]


def test_the_text_of_a_benchmark_stands_beside_ours() -> None:
    """Where somebody named its file, and where clean wrote it into the evidence; else it is not at hand."""
    paraphrase = holding("MBPP/2", tier="semantic")
    paraphrase = msgspec.structs.replace(paraphrase, evidence={"tier": "semantic", "item": "MBPP/2", "task": "Do it."})
    found = Rejections({"HumanEval/1": "def f(): " + "x" * 500})
    for one in (holding("HumanEval/1", benchmark="humaneval"), holding("MBPP/1", benchmark="a"), paraphrase):
        found.add(one)
    evidence = {one.item: one for one in found.contamination(0).evidence}
    assert (evidence["HumanEval/1"].task or "").startswith("def f(): x")
    assert len(evidence["HumanEval/1"].task or "") == 200
    assert evidence["MBPP/1"].task is None
    assert (evidence["MBPP/2"].task, evidence["MBPP/2"].text) == ("Do it.", "t")


def test_a_secret_across_the_end_of_what_is_shown_is_taken_out() -> None:
    """Half a key is known by no shape, so the whole is looked for before a text is cut."""
    key = "AKIA" + "Q7ZX3MPLR2TV5WKD"
    text = "x" * 189 + " " + key
    row = msgspec.structs.replace(holding("HumanEval/1", tier=key), text=text, evidence={"item": key, "tier": key})
    other = msgspec.structs.replace(holding("M/1", benchmark=key), evidence={"item": "M/1", "text": text})
    found = Rejections({key: text})
    for one in (row, other, repeating(key)):
        found.add(one)
    said = msgspec.json.encode([found.contamination(0), found.clusters()]).decode()
    assert key[:8] not in said
    assert said.count("[removed: aws_access_key_id]") == 5
