"""The rows of the page in a real browser: what is searched, chosen and shown, by mouse, keyboard and address."""

import re
from pathlib import Path

import pytest
from builders import AN_ANSWER, a_sample, a_seed
from cleaning import of_replies
from generating import answers, generated, replied, seeded
from reporting import a_run, dom, listed, needs_browser, reported, scripted

from magicoder_gen.records import Rejection
from magicoder_gen.report import stage

pytestmark = needs_browser


@pytest.mark.parametrize(
    ("fragment", "rows", "shown"),
    [
        ("language=rust", ["Sort the cargo."], "fn"),
        ("fence=python", ["Load the cargo."], "load()"),
        ("q=CARGO", ["Load the cargo.", "Sort the cargo."], "cargo"),
        ("q=cargo+rust", ["Sort the cargo."], "fn"),
        ("kind=sample&language=rust&q=load", [], ""),
        ("label=none", [], ""),
    ],
)
def test_filters_choose_rows(tmp_path: Path, fragment: str, rows: list[str], shown: str) -> None:
    """By what the address says behind its #, so that a view can be passed on."""
    page = dom(reported(tmp_path / "r"), tmp_path, fragment)
    assert sorted(listed(page)) == rows
    assert f"{len(rows)} of 4 rows" in page
    assert shown in page.partition('id="row"')[2]


KEYS = """
const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
const buttonsThere = () => [...document.querySelectorAll("#list button")];
const current = () => buttonsThere().findIndex((button) => button.getAttribute("aria-current") === "true");
const where = () => document.activeElement.name || `${buttonsThere().indexOf(document.activeElement)}/${current()}`;
const keys = ["ArrowDown", "ArrowDown", "ArrowUp", "End", "Home", "/", "Escape", "/", "ArrowDown"];
const seen = [];
const next = () => {
  if (keys.length) {
    press(keys.shift());
    setTimeout(() => { seen.push(where()); next(); }, 20);
  } else {
    document.title = `${seen.join(" ")} tabs ${buttonsThere().filter((button) => button.tabIndex === 0).length}`;
  }
};
buttonsThere()[0].focus();
next();
"""


def test_the_keyboard_is_enough(tmp_path: Path) -> None:
    """Arrow keys go from row to row, / to the search, Escape back to the list; one row is in the order of tabs."""
    found = scripted(reported(tmp_path / "r"), KEYS, tmp_path)
    assert found == "1/1 2/2 1/1 3/3 0/0 q 0/0 q 0/0 tabs 1"


def test_a_row_that_was_not_drawn_is_not_another(tmp_path: Path) -> None:
    """The page says that it is not there, and what finds it; the list is as it was."""
    page = dom(reported(tmp_path / "r"), tmp_path, "row=0badc0de")
    shown = page.partition('<article id="row"')[2].partition("</article>")[0]
    assert "0badc0de is not among the rows of this page" in shown
    assert "magicoder-gen show RUN 0badc0de" in shown
    assert "<pre" not in shown
    assert len(listed(page)) == 4


def test_a_row_that_is_named_is_shown_whatever_the_filters(tmp_path: Path) -> None:
    """And it is said that they leave it out."""
    path = reported(tmp_path / "r")
    rust = a_sample(problem="Sort the cargo.", solution="```rust\nfn main() {}\n```", index=1, language="rust")
    page = dom(path, tmp_path, f"language=python&row={rust.id}")
    assert "The filters leave this row out" in page
    assert f"<dd>{rust.id}</dd>" in page


def with_copies(folder: Path) -> Path:
    """The page of a run whose rows share ids or have none: copies, rows that could not be read."""
    sample = a_sample(problem="Row 0", solution="x", index=0)
    lost = [
        Rejection("p", a_seed(), "Row 1", "exact", "seed", {"kept": sample.id}, sample.id),
        Rejection("p", a_seed(), "Row 2", "exact", "seed", {"kept": sample.id}, sample.id),
        *(Rejection("", a_seed(), f"Row {number}", "row", "not_json", {}) for number in range(3, 6)),
        Rejection("p&q=1#%26", a_seed(), "Row 6", "parse", "no_problem", {}),
    ]
    return Path(stage.write(a_run(folder, [sample], lost)).report)


WALKED = """
const buttonsThere = () => [...document.querySelectorAll("#list button")];
const shownNow = () => [...document.querySelectorAll("#row pre")].map((one) => one.textContent).join("|");
const seen = [];
const check = (how, number) => {
  const right = rows[number].texts.map((part) => part[1]).join("|");
  const marked = buttonsThere().filter((button) => button.getAttribute("aria-current") === "true");
  const isRight = shownNow() === right && marked.length === 1 && marked[0] === buttonsThere()[number];
  if (!isRight) seen.push(`${how} ${number}`);
};
const steps = rows.flatMap((row, number) => [
  ["click", number, () => buttonsThere()[rows.length - 1 - number].click(), rows.length - 1 - number],
  ["address", number, () => { location.hash = new URLSearchParams({ row: row.key || row.id }); }, number],
]);
steps.push(["first", 0, () => { buttonsThere()[0].focus(); buttonsThere()[0].click(); }, 0]);
const down = () =>
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowDown", bubbles: true}));
rows.slice(1).forEach((_, number) => steps.push(["arrow", number + 1, down, number + 1]));
const next = () => {
  const step = steps.shift();
  if (!step) { document.title = `${rows.length} rows, wrong: ${seen.join(", ") || "none"}`; return; }
  step[2]();
  setTimeout(() => { check(step[0], step[3]); next(); }, 20);
};
next();
"""


def test_every_row_can_be_reached(tmp_path: Path) -> None:
    """By click, by its address, by arrow keys; also where rows have the same id, or none."""
    assert scripted(with_copies(tmp_path / "r"), WALKED, tmp_path) == "7 rows, wrong: none"


def test_the_beginning_of_an_id_is_enough(tmp_path: Path) -> None:
    """It names the first of its copies; the whole of a key names none but its row."""
    path = with_copies(tmp_path / "r")
    sample = a_sample(problem="Row 0", solution="x", index=0)
    for fragment, shown in ((sample.id[:8], "Row 0"), (sample.id, "Row 0"), (f"{sample.id}-3", "Row 2")):
        page = dom(path, tmp_path, f"row={fragment}").partition('id="row"')[2]
        assert re.search(f"<pre[^>]*>{shown}</pre>", page), fragment


SECTIONS = """
const seen = [];
const hashes = ["q=cargo&language=rust", "funnel", "rows", "q=cargo"];
const step = () => {
  if (!hashes.length) {
    document.querySelectorAll("#list button")[0].click();
    setTimeout(() => { document.title = `${seen.join(" ")} ${location.hash.split("&row=")[0]}`; }, 20);
    return;
  }
  location.hash = hashes.shift();
  setTimeout(() => {
    seen.push(`${document.querySelectorAll("#list button").length}/${form.elements.q.value}`);
    step();
  }, 20);
};
step();
"""


def test_a_link_to_a_section_keeps_what_was_searched(tmp_path: Path) -> None:
    """It is no view of its own, and leaves nothing in the address of the next."""
    found = scripted(reported(tmp_path / "r"), SECTIONS, tmp_path)
    assert found == "1/cargo 1/cargo 1/cargo 2/cargo #q=cargo"


def test_a_section_that_was_linked_leaves_no_trace(tmp_path: Path) -> None:
    """A row that is chosen behind such a link has its own address, and nothing else in it."""
    script = """document.querySelectorAll("#list button")[1].click();
    setTimeout(() => { document.title = [...new URLSearchParams(location.hash.slice(1)).keys()].join(); }, 50);"""
    assert scripted(reported(tmp_path / "r"), script, tmp_path, "rows") == "row"


def test_the_prompt_is_not_searched(tmp_path: Path) -> None:
    """Its template's words are in every row; they are shown, and found where a row has them itself."""
    run = seeded(tmp_path / "r", 3)
    generated(run, lambda prompt: replied(prompt, AN_ANSWER.replace("twice", f"word{prompt.seed.index}")))
    of_replies(run.root, answers(run))
    run.config_path.write_text("{}")
    path = Path(stage.write(run).report)
    assert "self-contained" in dom(path, tmp_path).partition("<h4>Prompt</h4>")[2]
    assert listed(dom(path, tmp_path, "q=self-contained")) == []
    assert "word1" in listed(dom(path, tmp_path, "q=word1"))[0]


def test_a_filter_without_rows_is_still_a_filter(tmp_path: Path) -> None:
    """A value that the address names and no row has stands in the list of values."""
    script = """setTimeout(() => {
      const select = document.querySelector("select[name=language]");
      document.title = `${select.value}: ${select.selectedOptions[0].textContent}`;
    }, 100);"""
    found = scripted(reported(tmp_path / "r"), script, tmp_path, "language=cobol")
    assert found == "cobol: cobol (no row here)"
