"""metrics.prom, read with Prometheus' own parser."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from magicoder_gen.records import Counts, Traffic
from magicoder_gen.storage import metrics
from magicoder_gen.storage.metrics import Moment
from magicoder_gen.storage.rundir import RunDir, StageEntry, heartbeat

TRAFFIC = Traffic(
    requests=9,
    replies=5,
    failed={"http_500": 2, 'odd "kind"\\': 1},
    uncertain=1,
    uncertain_cost=0.5,
    input_tokens=500,
    output_tokens=250,
    cost=1.25,
)


def series(text: str) -> dict[tuple[str, ...], float]:
    """Every value by its name and labels, that of the run left out."""
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(one.name, *(v for k, v in sorted(one.labels.items()) if k != "run")): one.value for one in found}


def written(run: RunDir) -> dict[tuple[str, ...], float]:
    """What the file says."""
    return series((run.root / "metrics.prom").read_text(encoding="utf-8"))


def test_a_run_is_described(tmp_path: Path) -> None:
    """Traffic, money, progress and what the stages dropped."""
    run = RunDir(tmp_path / 'a "run"')
    run.begin("sample", {})
    run.finish("sample", state="complete", counts=Counts(7, 5, {"empty": 2}), parts={}, seconds=1.5)
    beat = heartbeat("generate", 5, 12, in_flight=3, cost=1.25, progressed=1000.0)
    metrics.write(run, Moment(beat, TRAFFIC))
    found = written(run)
    assert found["magicoder_gen_requests_total",] == 9
    assert found["magicoder_gen_replies_total",] == 5
    assert found["magicoder_gen_failed_prompts", 'odd "kind"\\'] == 1
    assert found["magicoder_gen_tokens_total", "output"] == 250
    assert found["magicoder_gen_cost_usd_total",] == 1.25
    assert found["magicoder_gen_in_flight", "generate"] == 3
    assert found["magicoder_gen_last_progress_timestamp_seconds", "generate"] == 1000
    assert found["magicoder_gen_stage_records_dropped", "empty", "sample"] == 2
    assert found["magicoder_gen_stage_complete", "sample"] == 1
    text = (run.root / "metrics.prom").read_text(encoding="utf-8")
    runs = {sample.labels["run"] for family in text_string_to_metric_families(text) for sample in family.samples}
    assert runs == {'a "run"'}


def test_what_is_not_known_is_not_there(tmp_path: Path) -> None:
    """An unknown cost has no series, even if it was known once."""
    run = RunDir(tmp_path)
    metrics.write(run, Moment(None, TRAFFIC))
    unknown = Traffic(9, 5, {}, 1, None, 500, 250, None)
    metrics.write(run, Moment(None, unknown))
    names = {name for name, *_ in written(run)}
    assert "magicoder_gen_replies_total" in names
    assert not {"magicoder_gen_cost_usd_total", "magicoder_gen_uncertain_cost_usd"} & names


def test_what_one_command_says_stays(tmp_path: Path) -> None:
    """The last success while a later one fails, the money while rows are cleaned; the run may have been renamed."""
    run = RunDir(tmp_path / "before")
    run.begin("sample", {})
    metrics.write(run, Moment(None, TRAFFIC, exit_code=0))
    success = written(run)["magicoder_gen_last_success_timestamp_seconds",]
    moved = RunDir(run.root.rename(tmp_path / "after"))
    metrics.write(moved, Moment(heartbeat("clean", 1, 2, in_flight=0, cost=None, progressed=0.0), None))
    metrics.write(moved, Moment(exit_code=4))
    found = written(moved)
    assert found["magicoder_gen_last_success_timestamp_seconds",] == success
    assert found["magicoder_gen_last_exit_code",] == 4
    assert found["magicoder_gen_cost_usd_total",] == 1.25
    assert "before" not in (moved.root / "metrics.prom").read_text()


def test_a_garbled_file_is_made_anew(tmp_path: Path) -> None:
    """Nobody's edit can break what is collected."""
    run = RunDir(tmp_path)
    (tmp_path / "metrics.prom").write_bytes(b"# HELP magicoder_gen_done x\nrm -rf\n\xff")
    metrics.write(run, Moment(None, TRAFFIC))
    assert written(run)["magicoder_gen_requests_total",] == 9
    (tmp_path / "metrics.prom").write_bytes(b"garbage {\nmagicoder_gen_done 1\n# HELP magicoder_gen_done x\n")
    metrics.write(run, Moment(None, TRAFFIC))
    assert written(run)["magicoder_gen_requests_total",] == 9


@given(st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1), st.text(min_size=1))
def test_any_name_is_a_label(run: str, reason: str) -> None:
    """Quotes, backslashes, line ends and half characters: escaped, and read back as they were."""
    entry = StageEntry("complete", "", {}, counts=Counts(1, 0, {reason: 1}))
    blocks = metrics.render(Path("/") / "x" / run, {"clean": entry}, Moment(), now=0.0)
    found = [one for family in text_string_to_metric_families("".join(blocks.values())) for one in family.samples]
    dropped = [one for one in found if one.name == "magicoder_gen_stage_records_dropped"]
    assert [one.labels["reason"] for one in dropped] == [reason.encode("utf-8", "replace").decode()]


def test_a_folder_that_cannot_be_written_is_an_error_of_ours(tmp_path: Path) -> None:
    """Which the progress turns into a warning."""
    from magicoder_gen.errors import MagicoderError

    with pytest.raises(MagicoderError):
        metrics.write(RunDir(tmp_path / "nowhere"), Moment())
