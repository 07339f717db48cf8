"""The clean stage: replies in, samples and rejections out, counts that add up, the same bytes every time."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from builders import AN_ANSWER, a_reply, a_seed

from magicoder_gen.benchmarks import texts
from magicoder_gen.clean.decontaminate import Decontaminate
from magicoder_gen.clean.stage import CleanOptions, run
from magicoder_gen.errors import PoorYield
from magicoder_gen.records import Rejection, Reply, Sample, Traffic
from magicoder_gen.storage import jsonl
from magicoder_gen.storage.rundir import RunDir, StageEntry
from magicoder_gen.storage.shards import Layout


class Steps:
    """Remembers the progress it was told of."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int | None]] = []

    def update(
        self, done: int, total: int | None = None, *, in_flight: int = 0, traffic: Traffic | None = None
    ) -> None:
        """Remember a step."""
        self.seen.append((done, total))


def replies(number: int = 3, *, seconds: float = 0.5) -> list[Reply]:
    """Replies that all become samples."""
    made = [
        a_reply(
            f"[Problem]\nReturn {index}.\n[Solution]\n```python\ndef f(): return {index}\n```",
            seed=a_seed(f"x = {index}\n", id=f"s{index}", index=index),
            prompt_id=f"p{index}",
        )
        for index in range(number)
    ]
    return [msgspec.structs.replace(reply, seconds=seconds, attempts=int(seconds * 4)) for reply in made]


def cleaned(
    folder: Path, answers: list[Reply], options: CleanOptions | None = None, *, layout: Layout | None = None
) -> tuple[StageEntry, list[Sample], list[Rejection]]:
    """Run the stage; return its entry and what it wrote."""
    directory = RunDir(folder, layout=layout)
    entry = run(
        options or CleanOptions(max_rejected=0.9),
        directory,
        replies=iter(answers),
        replies_digest="r",
        total=len(answers),
        progress=Steps(),
    )
    samples = list(jsonl.read_parts(directory.folder("samples"), Sample))
    return entry, samples, list(jsonl.read_parts(directory.folder("rejections"), Rejection))


def contaminated() -> Reply:
    """A reply that holds a benchmark's docstring."""
    text = next(item.text for item in texts.items("humaneval") if item.id == "HumanEval/3")
    return a_reply(f"[Problem]\n{text}\n[Solution]\n`x = 1`", seed=a_seed("y = 2"), prompt_id="bench")


def test_samples_carry_their_lineage(tmp_path: Path) -> None:
    """A sample has its seed, prompt id and model, and an id of its own, in the order of the replies."""
    answers = replies()
    _, samples, _ = cleaned(tmp_path, answers)
    assert [sample.seed for sample in samples] == [reply.seed for reply in answers]
    assert [sample.prompt_id for sample in samples] == ["p0", "p1", "p2"]
    assert len({sample.id for sample in samples}) == 3
    assert samples[0].problem == "Return 0."
    assert samples[0].labels == {}


def test_counts_add_up_to_what_lies_on_disk(tmp_path: Path) -> None:
    """Taken = kept + the sum of reasons, and the files hold exactly that."""
    answers = [*replies(), a_reply(None), a_reply("no"), a_reply(finish_reason="length"), *replies(2), contaminated()]
    entry, samples, rejections = cleaned(tmp_path, answers)
    assert entry.counts is not None
    assert entry.counts.reasons == {
        "decontaminate:humaneval": 1,
        "exact:problem": 2,
        "parse:empty": 1,
        "parse:missing_both": 1,
        "parse:truncated": 1,
    }
    assert entry.counts.taken == len(answers) == len(samples) + len(rejections)
    assert entry.counts.kept == len(samples) == entry.parts["samples"][0].records
    assert sum(entry.counts.reasons.values()) == len(rejections) == entry.parts["rejections"][0].records


def test_rejections_show_why(tmp_path: Path) -> None:
    """A rejection keeps the raw text and its evidence: the id that stays, the benchmark item and span."""
    _, samples, rejections = cleaned(tmp_path, [*replies(), *replies(1), contaminated(), a_reply("no")])
    duplicate, benchmark, unparsable = rejections
    assert (duplicate.check, duplicate.reason, duplicate.evidence) == ("exact", "problem", {"kept": samples[0].id})
    assert (benchmark.check, benchmark.evidence["item"]) == ("decontaminate", "HumanEval/3")
    assert (unparsable.check, unparsable.reason, unparsable.text) == ("parse", "missing_both", "no")


def test_only_samples_that_stay_make_duplicates(tmp_path: Path) -> None:
    """A contaminated sample does not take a later clean one of the same seed with it."""
    clean = msgspec.structs.replace(replies(1)[0], seed=contaminated().seed)
    entry, samples, _ = cleaned(tmp_path, [contaminated(), clean])
    assert entry.counts
    assert [sample.prompt_id for sample in samples] == ["p0"]


def test_flag_keeps_and_labels(tmp_path: Path) -> None:
    """With `flag`, the sample stays and says what it holds."""
    options = CleanOptions(decontaminate=Decontaminate(verbatim="flag"))
    _, samples, rejections = cleaned(tmp_path, [contaminated()], options)
    assert samples[0].labels == {"contaminated": "humaneval/HumanEval/3"}
    assert rejections == []


def test_off_and_null_keep_everything(tmp_path: Path) -> None:
    """Decontamination and duplicates can be switched off."""
    options = CleanOptions(exact=None, decontaminate=Decontaminate(verbatim="off"))
    _, samples, _ = cleaned(tmp_path, [contaminated(), contaminated()], options)
    assert [sample.labels for sample in samples] == [{}, {}]


def test_a_second_pair_is_labelled(tmp_path: Path) -> None:
    """The label tells rows apart whose reply held more than is kept."""
    _, samples, _ = cleaned(tmp_path, [a_reply(f"{AN_ANSWER}\n{AN_ANSWER}")])
    assert samples[0].labels == {"second_pair": True}


def test_same_replies_same_bytes(tmp_path: Path) -> None:
    """What varies between runs (attempts, seconds, cost) reaches no file; sizes of parts do not matter."""
    first, *_ = cleaned(tmp_path / "a", [*replies(5), a_reply("no")])
    second, *_ = cleaned(tmp_path / "b", [*replies(5, seconds=7.0), a_reply("no")])
    assert first.parts == second.parts
    small, samples, _ = cleaned(tmp_path / "c", replies(5), layout=Layout(shard_bytes=400))
    assert len(small.parts["samples"]) > 1
    assert len(samples) == 5


def test_replies_are_taken_one_at_a_time(tmp_path: Path) -> None:
    """The stage streams: when a reply is asked for, all before it are decided."""
    steps = Steps()

    def watched() -> Iterator[Reply]:
        for number, reply in enumerate(replies(4)):
            assert len(steps.seen) == number
            yield reply

    run(CleanOptions(), RunDir(tmp_path), replies=watched(), replies_digest="r", total=4, progress=steps)
    assert steps.seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_too_many_rejections_fail_after_finishing(tmp_path: Path) -> None:
    """Over the allowed share, everything is written first, then the top reasons are told."""
    with pytest.raises(PoorYield, match=r"2 of 3 replies were rejected \(parse:missing_both 2\)"):
        cleaned(tmp_path, [*replies(1), a_reply("no"), a_reply("no")], CleanOptions())
    entry = RunDir(tmp_path).stages()["clean"]
    assert entry.state == "complete"
    assert entry.counts
    assert entry.counts.kept == 1
    cleaned(tmp_path, [*replies(1), a_reply("no")], CleanOptions())


def test_nothing_kept_is_always_a_failure(tmp_path: Path) -> None:
    """Zero samples, or zero replies, are not a success whatever the threshold."""
    with pytest.raises(PoorYield, match="1 of 1"):
        cleaned(tmp_path, [a_reply("no")], CleanOptions(max_rejected=1.0))
    with pytest.raises(PoorYield, match="no replies"):
        cleaned(tmp_path, [], CleanOptions(max_rejected=1.0))


def test_a_finished_stage_is_recognised_by_its_inputs(tmp_path: Path) -> None:
    """The same options and replies are complete; other replies or options are not."""
    cleaned(tmp_path, replies(), CleanOptions())
    directory, options = RunDir(tmp_path), CleanOptions()
    assert directory.is_complete("clean", options.inputs(directory, replies_digest="r"))
    assert not directory.is_complete("clean", options.inputs(directory, replies_digest="other"))
    other = CleanOptions(exact=None)
    assert not directory.is_complete("clean", other.inputs(directory, replies_digest="r"))


def test_options_come_from_yaml() -> None:
    """The section decodes; a share outside 0 to 1 does not."""
    section = {"exact": {"keys": ["problem"]}, "decontaminate": {"verbatim": "flag"}, "max_rejected": 0.25}
    assert msgspec.convert(section, CleanOptions).max_rejected == 0.25
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"max_rejected": 50}, CleanOptions)


@pytest.mark.parametrize(("reason", "is_named"), [("length", True), ("stop", False)])
def test_answers_that_were_cut_off_can_be_redone(tmp_path: Path, reason: str, *, is_named: bool) -> None:
    """The error names the flag where that is why they were rejected."""
    answers = [a_reply("no", finish_reason=reason)] * 3
    with pytest.raises(PoorYield) as caught:
        cleaned(tmp_path, answers)
    assert ("--redo-truncated TOKENS" in str(caught.value)) == is_named
