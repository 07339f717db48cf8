"""The page: it needs nothing else, it adds nothing, and hostile text stays text. Here without a browser."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from builders import AN_ANSWER, a_sample, a_seed
from cleaning import of_replies
from command import run as command
from generating import answers, failed, generated, replied, seeded
from reporting import HOSTILE, a_run

from magicoder_gen.generate.protocols import Outcome
from magicoder_gen.records import Prompt, Rejection
from magicoder_gen.report import stage
from magicoder_gen.storage.rundir import RunDir


class Seen(HTMLParser):
    """Remembers tags, attributes, and the text of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.raw: dict[str, str] = {}
        self.text = ""
        self._inside: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.tags.append(tag)
        self.attributes += attrs
        self._inside = tag + (dict(attrs).get("id") or "") if tag in {"script", "style"} else None

    def handle_endtag(self, tag: str) -> None:
        """Leave a script or style."""
        self._inside = None

    def handle_data(self, data: str) -> None:
        """Note it."""
        if self._inside:
            self.raw[self._inside] = self.raw.get(self._inside, "") + data
        else:
            self.text += data


def hostile(folder: Path) -> RunDir:
    """A run in which every text that is not ours attacks."""
    sample = a_sample(problem=HOSTILE, solution=HOSTILE, seed=HOSTILE, language=HOSTILE)
    sample = msgspec.structs.replace(sample, model=HOSTILE, labels={HOSTILE: HOSTILE})
    evidence: dict[str, str | int | float | None] = {
        "text": HOSTILE,
        "item": HOSTILE,
        "tier": HOSTILE[HOSTILE.index("\u202e") :],
        "score": 1.0,
    }
    rejected = Rejection(HOSTILE, a_seed(HOSTILE, language=HOSTILE), HOSTILE, "decontaminate", HOSTILE, evidence, "id")
    repeated = Rejection("p", a_seed(), HOSTILE, "exact", "seed", {"kept": HOSTILE}, "id2")
    return a_run(folder, [sample, a_sample()], [rejected, repeated])


@pytest.fixture
def page(tmp_path: Path) -> Seen:
    """The page of a hostile run."""
    written = stage.write(hostile(tmp_path / "<img src=x onerror=alert(1)>"))
    return Seen(Path(written.report).read_text(encoding="utf-8"))


def test_hostile_text_makes_no_element(page: Seen) -> None:
    """No image, no handler, no link that leads out of the page, one script, one style and the data."""
    assert page.tags.count("script") == 2
    assert page.tags.count("style") == 1
    assert not {"img", "iframe", "object", "link", "base"} & set(page.tags)
    assert all(not name.startswith("on") and name != "style" for name, _ in page.attributes)
    assert all(value and value.startswith("#") for name, value in page.attributes if name in {"href", "src"})
    assert "49" not in re.findall(r"esrever (\S+)", page.text)
    assert "{{ 7 * 7 }}" in page.text
    assert not set(page.text) & set("\x1b\x07\u202e")


def test_only_its_own_script_and_style_may_run(page: Seen) -> None:
    """By their digests; the rest is forbidden, the network too."""
    (policy,) = [value for name, value in page.attributes if name == "content" and value and "default-src" in value]
    assert policy
    assert policy.startswith("default-src 'none'; ")
    for kind in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(page.raw[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_the_data_are_the_rows(page: Seen) -> None:
    """As JSON that the script reads."""
    rows = msgspec.json.decode(page.raw["scriptdata"])
    assert [row["kind"] for row in rows] == ["sample", "sample", "rejection", "rejection"]
    assert "</script>" in rows[0]["title"] + rows[1]["title"]


def test_the_command_writes_two_files_and_nothing_else(tmp_path: Path) -> None:
    """The same bytes each time; it says where they are."""
    run = hostile(tmp_path / "r")
    lock = run.root / "run.lock"
    lock.touch()
    before = {path: path.read_bytes() for path in run.root.rglob("*") if path.is_file()}
    done = command("report", run.root, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"{run.root / 'report.html'}: open it in a browser" in done.stdout
    after = {path: path.read_bytes() for path in run.root.rglob("*") if path.is_file()}
    made = {path.name for path in after.keys() - before.keys()}
    assert made == {"report.html", "stats.json"}
    before[lock] = after[lock]  # who held it last
    assert before.items() <= after.items()
    again = command("report", run.root, "--json", cwd=tmp_path)
    assert msgspec.json.decode(again.stdout)["samples"] == 2
    assert all(path.read_bytes() == content for path, content in after.items() if path != lock)


def test_what_cannot_be_reported_is_one_line(tmp_path: Path) -> None:
    """No run; a HumanEval that is none."""
    done = command("report", tmp_path, cwd=tmp_path)
    assert done.returncode == 2
    assert "is not a run directory" in done.stderr
    run = hostile(tmp_path / "r")
    (tmp_path / "h.jsonl").write_text('{"a": 1}\n')
    done = command("report", run.root, "--humaneval", tmp_path / "h.jsonl", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (78, 1)
    assert "no column prompt; there are: a" in done.stderr
    assert not (run.root / "report.html").exists()


def test_no_secret_is_passed_on(tmp_path: Path) -> None:
    """What was rejected for a key is shown without the key, in every text and in the numbers."""
    key = "AKIA" + "Q7ZX3MPLR2TV5WKD"
    text = f"Log in with {key} or with {key[:-1]}E."
    sample = a_sample(problem=text, solution=f"```{key}\nkey = '{key}'\n```", seed=text, language=key)
    sample = msgspec.structs.replace(sample, id=key, model=key, labels={key: key, "checked": key})
    lost = [
        Rejection("p1", a_seed(text), text, "secrets", "secret", {"kind": "aws", "text": text}, "id1"),
        Rejection("p2", a_seed(), text, "decontaminate", "mbpp", {"text": text, "tier": "fuzzy", "item": "M/1"}, "id2"),
        Rejection(key, a_seed(), text, key, key, {key: key}, key),
        Rejection(key, a_seed(), "x" * 189 + " " + key, "decontaminate", key, {"tier": key, "item": key}, key),
        Rejection("p3", a_seed(), text, "near", key, {"kept": key, "published": key}, "id3"),
    ]
    run = seeded(tmp_path / "r", 2)
    generated(
        run,
        lambda prompt: (
            msgspec.structs.replace(failed(prompt, final=True), kind=key) if prompt.seed.index else replied(prompt)
        ),
        max_failed=0.9,
    )
    a_run(run.root, [sample], lost)
    task = {"task_id": key, "prompt": text, "canonical_solution": key}
    (tmp_path / "HumanEval.jsonl").write_bytes(msgspec.json.encode(task) + b"\n")
    (tmp_path / f"{key}.jsonl").write_bytes(msgspec.json.encode({"problem": "p", "solution": "s"}) + b"\n{}\n")
    stage.write(run, benchmark=tmp_path / "HumanEval.jsonl", others=[tmp_path / f"{key}.jsonl"])
    made = (run.root / "report.html").read_text(encoding="utf-8") + (run.root / "stats.json").read_text(
        encoding="utf-8"
    )
    assert key[:-1] not in made
    assert key[:8] not in made
    assert made.count("[removed: ") > 50


def luminance(color: str) -> float:
    """The relative luminance of #rrggbb, as WCAG 2.2 defines it."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The ratio of two colours, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_every_colour_can_be_read_in_both_themes(page: Seen) -> None:
    """Text at 4.5 to 1 on each ground it stands on, bars and edges at 3 to 1 (WCAG 2.2, AA)."""
    for theme in re.findall(r":root \{([^}]*)\}", page.raw["style"]):
        colors = {
            name: f"#{''.join(2 * digit for digit in value)}" if len(value) == 3 else f"#{value}"
            for name, value in re.findall(r"--(\w+): #(\w+);", theme)
        }
        for name in ("ink", "dim", "link", "key", "text", "note", "number"):
            assert contrast(colors[name], colors["paper"]) >= 4.5, (name, "paper", theme)
            assert contrast(colors[name], colors["box"]) >= 4.5, (name, "box", theme)
        assert contrast(colors["ink"], colors["mark"]) >= 4.5, theme
        for name in ("bar", "bad", "edge"):
            assert contrast(colors[name], colors["paper"]) >= 3, (name, theme)
    assert len(re.findall(r":root \{", page.raw["style"])) == 2


def test_what_is_seen_can_be_heard(page: Seen) -> None:
    """Tables have a name, drawings one or are hidden, headings leave out no level; keys alone reach the rows."""
    assert page.tags.count("table") == page.tags.count("caption") > 10
    assert page.attributes.count(("role", "img")) + page.attributes.count(("aria-hidden", "true")) == page.tags.count(
        "svg"
    )
    levels = [int(tag[1]) for tag in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert ("lang", "en") in page.attributes
    assert ("class", "skip") in page.attributes


def test_a_stranger_sees_what_this_is(tmp_path: Path) -> None:
    """Before all charts: what it is, how many rows stayed, how many did not and why, what it cost, how long it took."""
    run = seeded(tmp_path / "r", 5)
    generated(
        run, lambda prompt: replied(prompt, f"Sorry {prompt.seed.index}" if prompt.seed.index else AN_ANSWER, cost=0.5)
    )
    of_replies(run.root, answers(run))
    text = Path(stage.write(run).report).read_text(encoding="utf-8")
    head = " ".join(re.sub("<[^>]*>", " ", text.partition("<header>")[2].partition("</header>")[0]).split())
    assert "Problems in programming with their solutions" in head
    assert "samples kept 1 20.0 % of 5 answers" in head
    assert "thrown out 4 parse:refusal 4" in head
    assert "cost $2.50" in head
    assert "generate" in head.partition("time")[2]


def test_a_cost_that_is_unknown_is_called_so(tmp_path: Path) -> None:
    """Everywhere on the page, and null in the numbers; a stage that pays nobody has none."""
    run = seeded(tmp_path / "r", 2)
    generated(run, lambda prompt: msgspec.structs.replace(replied(prompt), cost=None))
    of_replies(run.root, answers(run))
    written = stage.write(run)
    rows = re.findall(
        "<tr><th scope=.row.>(?:sample|generate|clean)</th>.*?</tr>", Path(written.report).read_text(), re.DOTALL
    )
    assert [re.findall("<td>([^<]*)</td></tr>", row) for row in rows] == [["\u2013"], ["unknown"], ["\u2013"]]
    numbers = msgspec.json.decode(Path(written.stats).read_bytes())
    assert numbers["traffic"]["cost"] is numbers["stages"]["generate"]["cost"] is None
    assert {one["cost"] for one in numbers["over_time"]["bins"]} == {None}


def test_what_was_removed_on_request_is_no_failure(tmp_path: Path) -> None:
    """Prompts whose answers were purged are told apart from those that had none."""
    run = seeded(tmp_path / "r", 4)

    def say(prompt: Prompt) -> Outcome:
        gone = prompt.seed.index < 2
        found = failed(prompt, final=True)
        return msgspec.structs.replace(found, kind="opted_out" if gone else "timeout")

    generated(run, lambda prompt: say(prompt) if prompt.seed.index < 3 else replied(prompt), max_failed=0.9)
    of_replies(run.root, answers(run))
    page = Path(stage.write(run).report).read_text(encoding="utf-8")
    assert "; 1 prompts had no answer; 2 removed on request" in page
    assert "<dt>prompts removed on request</dt><dd>2</dd>" in page
    assert "Failures: 1 in all" in page


def test_the_command_that_is_named_can_be_run(tmp_path: Path) -> None:
    """A folder's name is no path to it, and may be anything."""
    page = Path(stage.write(hostile(tmp_path / "a b; rm c")).report).read_text(encoding="utf-8")
    assert "magicoder-gen show RUN ID" in page
    assert "show a b" not in page
