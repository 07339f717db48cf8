"""The clean stage: replies or rows in, samples and rejections out, counts that add up, the same bytes every time."""

import random  # noqa: TID251  # the published procedure, stated a second time
from pathlib import Path

import msgspec
import pytest
from builders import AN_ANSWER, a_reply, a_seed
from cleaning import KNOWN_TASK, LENIENT, Steps, a_benchmark, cleaned, of_replies, of_rows, replies
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from magicoder_gen.clean import portions, stage
from magicoder_gen.clean.decontaminate import Decontaminate
from magicoder_gen.clean.exact import Exact
from magicoder_gen.clean.inputs import Input
from magicoder_gen.clean.options import CleanOptions
from magicoder_gen.errors import ConfigError, CorruptData, PoorYield
from magicoder_gen.executors.processes import Processes
from magicoder_gen.executors.serial import Serial
from magicoder_gen.fingerprint import rng
from magicoder_gen.records import Reply
from magicoder_gen.storage import optouts
from magicoder_gen.storage.rundir import RunDir
from magicoder_gen.storage.shards import Layout

WORDS = [f"word{number}" for number in range(300)]


def a_row(name: str, **fields: str) -> dict[str, str]:
    """A row of its own: prose and code that no other name gives."""
    chance = rng(1, name)
    problem = " ".join(chance.choice(WORDS) for _ in range(60))
    code = "\n".join(f"{chance.choice(WORDS)} = {chance.choice(WORDS)}({number})" for number in range(10))
    return {"problem": problem, "solution": f"```python\n{code}\n```", "lang": "python", "seed": f"s {name}", **fields}


def a_near_copy(row: dict[str, str], by: str) -> dict[str, str]:
    """A row with other last words in its problem and another seed."""
    return {**row, "problem": f"{row['problem']} {by} {by}", "seed": f"s {by}", "solution": row["solution"] + f"\n{by}"}


def contaminated() -> Reply:
    """A reply that holds the text of the test's benchmark."""
    return a_reply(
        f"[Problem]\n{KNOWN_TASK}\n[Solution]\n`x = 1`",
        seed=a_seed("y = 2", id="bench", index=99),
        prompt_id="bench",
    )


def test_samples_carry_their_lineage(tmp_path: Path) -> None:
    """A sample has its seed, prompt id and model, and an id of its own, in the order of the replies."""
    answers = replies()
    _, samples, _ = of_replies(tmp_path, answers)
    assert [sample.seed for sample in samples] == [reply.seed for reply in answers]
    assert [sample.prompt_id for sample in samples] == ["p0", "p1", "p2"]
    assert len({sample.id for sample in samples}) == 3
    assert samples[0].problem.startswith("Write a function")


def test_counts_add_up_to_what_lies_on_disk(tmp_path: Path) -> None:
    """Taken = kept + the sum of reasons, and the files hold exactly that."""
    options = msgspec.structs.replace(LENIENT, decontaminate=a_benchmark(tmp_path))
    answers = [*replies(), a_reply(None), a_reply("no"), a_reply(finish_reason="length"), *replies(2), contaminated()]
    entry, samples, rejections = of_replies(tmp_path, answers, options)
    assert entry.counts is not None
    assert entry.counts.reasons == {
        "decontaminate:lanterns": 1,
        "exact:problem": 2,
        "parse:empty": 1,
        "parse:missing_both": 1,
        "parse:truncated": 1,
    }
    assert entry.counts.taken == len(answers) == len(samples) + len(rejections)
    assert entry.counts.kept == len(samples) == entry.parts["samples"][0].records
    assert sum(entry.counts.reasons.values()) == len(rejections) == entry.parts["rejections"][0].records


def test_rejections_show_why(tmp_path: Path) -> None:
    """A rejection keeps the raw text and its evidence: the id that stays, the benchmark's item and the span."""
    options = msgspec.structs.replace(LENIENT, decontaminate=a_benchmark(tmp_path), keep="first")
    _, samples, rejections = of_replies(tmp_path, [*replies(), *replies(1), contaminated(), a_reply("no")], options)
    duplicate, benchmark, unparsable = rejections
    assert (duplicate.check, duplicate.reason) == ("exact", "problem")
    assert duplicate.evidence == {"kept": samples[0].id, "equal": "seed, problem, solution"}
    assert duplicate.text == replies(1)[0].text
    assert (benchmark.check, benchmark.evidence["item"]) == ("decontaminate", "Lanterns/1")
    assert (benchmark.evidence["start"], benchmark.evidence["end"]) == (0, len(KNOWN_TASK) - 1)  # without the stop
    assert benchmark.evidence["text"] == KNOWN_TASK[:-1]
    assert (unparsable.check, unparsable.reason, unparsable.text) == ("parse", "missing_both", "no")


def test_near_duplicates_name_the_one_that_stays(tmp_path: Path) -> None:
    """The evidence is its id and the similarity; the text of a row made elsewhere is problem and solution."""
    row = a_row("a")
    entry, samples, rejections = of_rows(tmp_path, [row, a_row("b"), a_near_copy(row, "other")])
    assert entry.counts
    assert entry.counts.reasons == {"near:similar": 1}
    (rejection,) = rejections
    assert rejection.evidence["kept"] in {sample.id for sample in samples}
    assert 0.7 <= float(rejection.evidence["similarity"] or 0) < 1
    assert rejection.text
    assert rejection.text.startswith(row["problem"])


def test_only_samples_that_stay_make_duplicates(tmp_path: Path) -> None:
    """A contaminated sample does not take a later clean one of the same seed with it."""
    clean = msgspec.structs.replace(replies(1)[0], seed=a_seed("y = 2", id="another", index=100))
    options = msgspec.structs.replace(LENIENT, decontaminate=a_benchmark(tmp_path))
    _, samples, _ = of_replies(tmp_path, [contaminated(), clean], options)
    assert [sample.prompt_id for sample in samples] == ["p0"]


def test_flag_keeps_and_labels(tmp_path: Path) -> None:
    """With `flag`, the sample stays and says what it holds."""
    chosen = msgspec.structs.replace(a_benchmark(tmp_path), verbatim="flag", fuzzy="flag")
    _, samples, rejections = of_replies(tmp_path, [contaminated()], CleanOptions(decontaminate=chosen))
    assert samples[0].labels["contaminated"] == "lanterns/Lanterns/1"
    assert samples[0].labels["contaminated_score"] == 1.0
    assert rejections == []


def test_off_and_null_keep_everything(tmp_path: Path) -> None:
    """Decontamination, checks and duplicates can be switched off."""
    off = Decontaminate(verbatim="off", fuzzy="off")
    options = CleanOptions(exact=None, near=None, checks=(), decontaminate=off)
    _, samples, _ = of_replies(tmp_path, [contaminated(), contaminated()], options)
    assert [sample.labels for sample in samples] == [{}, {}]


def test_a_second_pair_is_labelled(tmp_path: Path) -> None:
    """The label tells rows apart whose reply held more than is kept."""
    _, samples, _ = of_replies(tmp_path, [a_reply(f"{AN_ANSWER}\n{AN_ANSWER}")])
    assert samples[0].labels["second_pair"] is True


def test_of_duplicates_the_one_with_fewer_labels_stays(tmp_path: Path) -> None:
    """Whichever comes first, unless `keep: first` says so."""
    flawed, sound = a_reply(f"{AN_ANSWER}\n{AN_ANSWER}", prompt_id="flawed"), a_reply(AN_ANSWER, prompt_id="sound")
    for name, answers in (("a", [flawed, sound]), ("b", [sound, flawed])):
        _, samples, _ = of_replies(tmp_path / name, answers)
        assert [sample.prompt_id for sample in samples] == ["sound"]
    first = msgspec.structs.replace(LENIENT, keep="first")
    _, samples, _ = of_replies(tmp_path / "c", [flawed, sound], first)
    assert [sample.prompt_id for sample in samples] == ["flawed"]


def test_same_replies_same_bytes(tmp_path: Path) -> None:
    """What varies between runs (attempts, seconds, moments, cost) reaches no file; sizes of parts do not matter."""
    first, *_ = of_replies(tmp_path / "a", [*replies(5), a_reply("no")])
    second, *_ = of_replies(tmp_path / "b", [*replies(5, seconds=7.0), a_reply("no")])
    assert first.parts == second.parts
    small, samples, _ = cleaned(tmp_path / "c", portions.of_replies(iter(replies(5))), layout=Layout(shard_bytes=400))
    assert len(small.parts["samples"]) > 1
    assert len(samples) == 5


def test_the_answering_system_is_kept_where_it_named_itself(tmp_path: Path) -> None:
    """Samples of one that did not are written as before; whichever of two comes first, the same one stays."""
    named = msgspec.structs.replace(a_reply(AN_ANSWER), system_fingerprint="fp_1")
    first, *_ = of_replies(tmp_path / "a", [named, a_reply(AN_ANSWER)])
    second, *_ = of_replies(tmp_path / "b", [a_reply(AN_ANSWER), named])
    assert first.parts["samples"] == second.parts["samples"]
    _, samples, _ = of_replies(tmp_path / "c", [named])
    assert [sample.system_fingerprint for sample in samples] == ["fp_1"]
    of_replies(tmp_path / "d", [a_reply(AN_ANSWER)])
    assert b"system_fingerprint" not in (tmp_path / "d/samples/part-00000.jsonl").read_bytes()


def test_processes_and_portions_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers with small portions write the same bytes as one process with large ones."""
    rows = [a_row(str(number)) for number in range(40)]
    answers = [
        a_reply(f"[Problem]\n{row['problem']}\n[Solution]\n{row['solution']}", seed=a_seed(row["seed"], id=row["seed"]))
        for row in [*rows, *(a_near_copy(row, "z") for row in rows[:10])]
    ]
    one, *_ = of_replies(tmp_path / "a", answers)
    monkeypatch.setattr(portions, "ROWS", 7)
    other, *_ = cleaned(tmp_path / "b", portions.of_replies(iter(answers)), executor=Processes(workers=2))
    assert one.parts == other.parts
    assert one.counts
    assert one.counts.reasons == {"near:similar": 10}


ROWS = [a_row("a"), a_row("b"), a_row("c"), a_near_copy(a_row("a"), "x"), a_near_copy(a_row("a"), "y")]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations([*ROWS, ROWS[0], {**ROWS[1], "seed": "t"}]))
def test_the_order_of_the_input_changes_nothing_and_twice_is_once(
    tmp_path_factory: pytest.TempPathFactory, order: list[dict[str, str]]
) -> None:
    """The same texts are kept whatever the order, and a second pass keeps all of them."""
    folder = tmp_path_factory.mktemp("order")
    _, samples, _ = of_rows(folder / "once", order)
    _, expected, _ = of_rows(folder / "other", [*ROWS, ROWS[0], {**ROWS[1], "seed": "t"}])
    kept = [{"problem": sample.problem, "solution": sample.solution, "seed": sample.seed.text} for sample in samples]
    assert {sample.id for sample in samples} == {sample.id for sample in expected}
    assert len(kept) == 3
    entry, again, _ = of_rows(folder / "twice", kept)
    assert (len(again), entry.counts and entry.counts.reasons) == (3, {})


def upstream(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The paper's cleaning, in its words: shuffle with 666, keep a row if seed, problem and solution are all new."""
    shuffled = list(rows)
    random.Random(666).shuffle(shuffled)  # noqa: S311  # repeatable, not secret
    seen: dict[str, set[str]] = {"seed": set(), "problem": set(), "solution": set()}
    kept = []
    for row in shuffled:
        texts = {key: "".join(row[key].split()) for key in seen}
        if not any(text in seen[key] for key, text in texts.items()):
            kept.append(row)
            for key, text in texts.items():
                seen[key].add(text)
    return kept


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_the_paper_order_and_decisions_are_upstreams(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """With `keep: paper`, the same rows in the same order."""
    texts = st.sampled_from(["a b", "a  b", "c", "d\n", "d", "e"])
    fields = st.fixed_dictionaries({"seed": texts | st.just(""), "problem": texts, "solution": texts})
    rows = data.draw(st.lists(fields, min_size=1, max_size=30))
    options = CleanOptions(
        keep="paper", near=None, checks=(), decontaminate=Decontaminate(benchmarks=()), max_rejected=1
    )
    _, samples, _ = of_rows(tmp_path_factory.mktemp("paper"), rows, options)
    kept = [{"seed": sample.seed.text, "problem": sample.problem, "solution": sample.solution} for sample in samples]
    assert kept == upstream(rows)


def test_in_the_papers_order_duplicates_come_before_benchmarks(tmp_path: Path) -> None:
    """A contaminated sample counts as seen there, as upstream: what repeats it is a duplicate."""
    options = msgspec.structs.replace(LENIENT, decontaminate=a_benchmark(tmp_path), keep="paper", exact=Exact())
    twice = [contaminated(), msgspec.structs.replace(contaminated(), seed=a_seed("y = 2", id="o"), prompt_id="o")]
    entry, _, _ = of_replies(tmp_path, [*twice, *replies(1)], options)
    assert entry.counts
    assert entry.counts.reasons == {"decontaminate:lanterns": 1, "exact:seed": 1}


def test_what_an_earlier_run_published_is_not_published_again(tmp_path: Path) -> None:
    """Exact and near; the evidence names the run. What is new is added to an index of its own."""
    indexed = msgspec.structs.replace(LENIENT, index=True)
    of_rows(tmp_path / "first", [a_row("a"), a_row("b")], indexed)
    later = msgspec.structs.replace(indexed, published=(tmp_path / "first" / "run",))
    rows = [a_row("c"), a_near_copy(a_row("a"), "x"), {**a_row("b"), "seed": "another"}]
    entry, samples, rejections = of_rows(tmp_path / "second", rows, later)
    assert entry.counts
    assert entry.counts.reasons == {"exact:published": 1, "near:published": 1}
    assert {rejection.evidence["published"] for rejection in rejections} == {"first/run"}
    assert [sample.problem for sample in samples] == [a_row("c")["problem"]]
    both = msgspec.structs.replace(LENIENT, published=(tmp_path / "first" / "run", tmp_path / "second" / "run"))
    entry, _, _ = of_rows(tmp_path / "third", [*rows, a_row("a")], both)
    assert entry.kept() == 0  # nothing is new, and nothing is wrong
    with pytest.raises(PoorYield, match=r"1 of 4 rows were rejected \(row:not_an_object 1\), the other 3 repeat"):
        of_rows(tmp_path / "worse", [*rows, "no row"], both)
    mostly = msgspec.structs.replace(both, max_rejected=0.0)
    entry, _, _ = of_rows(tmp_path / "fourth", [*rows, a_row("new")], mostly)
    assert entry.kept() == 1


def test_blank_seeds_are_no_seeds(tmp_path: Path) -> None:
    """Of rows whose column of seeds is empty, all stay."""
    _, samples, _ = of_rows(
        tmp_path, [{**a_row(name), "seed": blank} for name, blank in zip("abc", ["", " \n", ""], strict=True)]
    )
    assert len(samples) == 3


def test_seeds_of_rows_are_compared_across_files_of_one_name(tmp_path: Path) -> None:
    """Wherever they stand, in one run or against an earlier one."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "rows.jsonl").write_bytes(msgspec.json.encode({**a_row(folder), "seed": "the same seed"}))
    paths = (tmp_path / "a" / "rows.jsonl", tmp_path / "b" / "rows.jsonl")
    together = msgspec.structs.replace(LENIENT, input=Input(paths=paths), near=None)
    assert together.input
    entry, _, _ = cleaned(tmp_path / "together", portions.of_rows(together.input), together)
    assert entry.counts
    assert entry.counts.reasons == {"exact:seed": 1}
    for name, path in zip("ab", paths, strict=True):
        alone = msgspec.structs.replace(together, input=Input(paths=(path,)), index=True)
        alone = msgspec.structs.replace(alone, published=(tmp_path / "run-a",)) if name == "b" else alone
        assert alone.input
        entry, _, _ = cleaned(tmp_path / f"run-{name}", portions.of_rows(alone.input), alone)
    assert entry.counts
    assert entry.counts.reasons == {"exact:published": 1}


def test_what_tells_equal_ids_apart_decides_not_their_order(tmp_path: Path) -> None:
    """Rows of one id, problem and solution that differ in seed or language."""
    one, other = ({**a_row("a"), "id": "x", "seed": seed, "lang": "rust"} for seed in ("s1", "s2"))
    _, first, _ = of_rows(tmp_path / "a", [one, other])
    _, second, _ = of_rows(tmp_path / "b", [other, one])
    assert [sample.seed.text for sample in first] == [sample.seed.text for sample in second]


def test_a_rejected_sample_can_be_found_by_its_id(tmp_path: Path) -> None:
    """Also where the one that a duplicate names was dropped itself, as in the paper's order."""
    options = msgspec.structs.replace(LENIENT, decontaminate=a_benchmark(tmp_path), keep="paper")
    twice = [contaminated(), msgspec.structs.replace(contaminated(), seed=a_seed("y = 2", id="o"), prompt_id="o")]
    _, _, rejections = of_replies(tmp_path, [*twice, *replies(1), a_reply("no")], options)
    known = {rejection.id for rejection in rejections}
    assert {rejection.evidence["kept"] for rejection in rejections if rejection.check == "exact"} <= known
    assert None in known


def test_a_run_is_not_cleaned_against_itself(tmp_path: Path) -> None:
    """Nor against another one twice: nothing would be left, or counted."""
    indexed = msgspec.structs.replace(LENIENT, index=True)
    of_rows(tmp_path / "a", [a_row("a")], indexed)
    run = tmp_path / "a" / "run"
    with pytest.raises(ConfigError, match=r"clean\.published: .* is this run"):
        of_rows(tmp_path / "a", [a_row("a")], msgspec.structs.replace(indexed, published=(run,)))
    with pytest.raises(ConfigError, match="stands there twice"):
        of_rows(tmp_path / "b", [a_row("a")], msgspec.structs.replace(indexed, published=(run, run)))


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """The scratch folder goes with the stage, also after an error, and one of a killed run does no harm."""
    (tmp_path / "clean.scratch" / "columns").mkdir(parents=True)
    (tmp_path / "clean.scratch" / "columns" / "id.bin").write_bytes(b"torn")
    of_replies(tmp_path, replies())
    assert not (tmp_path / "clean.scratch").exists()
    with pytest.raises(ZeroDivisionError):
        cleaned(tmp_path, (1 // 0 for _ in range(1)))
    assert not (tmp_path / "clean.scratch").exists()


def test_progress_counts_rows(tmp_path: Path) -> None:
    """The last word is the number of rows."""
    steps = Steps()
    rows = portions.of_replies(iter(replies(4)))
    stage.run(LENIENT, RunDir(tmp_path), rows=rows, inputs={}, total=4, executor=Serial(), progress=steps)
    assert steps.seen == [(4, 4)]


def test_too_many_rejections_fail_after_finishing(tmp_path: Path) -> None:
    """Over the allowed share, everything is written first, then the top reasons are told."""
    with pytest.raises(PoorYield, match=r"2 of 3 replies were rejected \(parse:missing_both 2\)"):
        of_replies(tmp_path, [*replies(1), a_reply("no"), a_reply("no")], CleanOptions())
    entry = RunDir(tmp_path).stages()["clean"]
    assert entry.state == "complete"
    assert entry.counts
    assert entry.counts.kept == 1
    of_replies(tmp_path, [*replies(1), a_reply("no")], CleanOptions())


def test_nothing_kept_is_always_a_failure(tmp_path: Path) -> None:
    """Zero samples, or zero replies, are not a success whatever the threshold."""
    with pytest.raises(PoorYield, match="1 of 1"):
        of_replies(tmp_path, [a_reply("no")], CleanOptions(max_rejected=1.0))
    with pytest.raises(PoorYield, match="no replies"):
        of_replies(tmp_path, [], CleanOptions(max_rejected=1.0))


def test_a_finished_stage_is_recognised_by_its_inputs(tmp_path: Path) -> None:
    """The same options and replies are complete; other replies or options are not."""
    of_replies(tmp_path, replies(), CleanOptions())
    directory, options = RunDir(tmp_path), CleanOptions()
    assert directory.is_complete("clean", options.inputs(directory, rows="r"))
    assert not directory.is_complete("clean", options.inputs(directory, rows="other"))
    other = CleanOptions(exact=None)
    assert not directory.is_complete("clean", other.inputs(directory, rows="r"))


def test_options_come_from_yaml() -> None:
    """The section decodes; a share outside 0 to 1 does not."""
    section = {"exact": {"keys": ["problem"]}, "decontaminate": {"verbatim": "flag"}, "max_rejected": 0.25}
    assert msgspec.convert(section, CleanOptions).max_rejected == 0.25
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"max_rejected": 50}, CleanOptions)
    with pytest.raises(msgspec.ValidationError, match="checks has stub more than once"):
        msgspec.convert({"checks": [{"type": "stub"}, {"type": "code"}, {"type": "stub"}]}, CleanOptions)


@pytest.mark.parametrize(("reason", "is_named"), [("length", True), ("stop", False)])
def test_answers_that_were_cut_off_can_be_redone(tmp_path: Path, reason: str, *, is_named: bool) -> None:
    """The error names the flag where that is why they were rejected."""
    answers = [a_reply("no", finish_reason=reason)] * 3
    with pytest.raises(PoorYield) as caught:
        of_replies(tmp_path, answers)
    assert ("--redo-truncated TOKENS" in str(caught.value)) == is_named


def test_a_damaged_ledger_undoes_nothing(tmp_path: Path) -> None:
    """It is read before anything that is there is given up."""
    of_replies(tmp_path, replies())
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    (tmp_path / optouts.LEDGER).mkdir()
    with pytest.raises(CorruptData, match="move it away"):
        of_replies(tmp_path, replies())
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
