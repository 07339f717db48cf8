"""The page in a real browser: it renders, its filters work, hostile text does nothing."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import msgspec
import pytest
from builders import a_sample, a_seed
from generating import generated, replied, seeded
from reporting import HOSTILE, a_run, dom, listed, needs_browser, reported, scripted

from magicoder_gen.records import Rejection
from magicoder_gen.report import stage

pytestmark = needs_browser


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """A server on loopback that notes what it is asked for."""
    asked: list[str] = []

    class Noting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Noting) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def test_the_page_shows_all_rows_and_one_of_them(tmp_path: Path) -> None:
    """Samples and rejections; charts are there."""
    page = dom(reported(tmp_path / "r"), tmp_path)
    assert "4 of 4 rows" in page
    assert len(listed(page)) == 4
    assert page.count("<svg") > 10
    assert re.search(r"<h4>Seed</h4><pre", page)


def test_a_rejection_has_its_reason(tmp_path: Path) -> None:
    """And can be found by it."""
    page = dom(reported(tmp_path / "r"), tmp_path, "reason=parse%3Ano_problem")
    assert len(listed(page)) == 1
    assert "rejection: parse:no_problem" in page
    assert "<h4>Evidence</h4>" in page


def test_hostile_text_does_nothing(tmp_path: Path) -> None:
    """Nothing is run, loaded or made of it: neither in the list nor in the row, the title is still ours."""
    with listening() as (url, asked):
        attack = f'{HOSTILE}<img src="{url}/image"><script src="{url}/script"></script>'
        path = reported(tmp_path / "r", attack)
        pages = [dom(path, tmp_path, fragment) for fragment in ("q=Attack", "kind=rejection", "language=<img src=x>")]
        assert asked == []
    for page in pages:
        assert "<title>r: report</title>" in page
        assert "<img" not in page
        assert page.count("<script") == 2
        assert "\x1b" not in page
    assert "onerror=" in pages[0]


def test_the_browser_would_run_what_is_not_forbidden(tmp_path: Path) -> None:
    """The same attack on a page that defends nothing succeeds, so the test above can fail."""
    with listening() as (url, asked):
        bare = tmp_path / "bare.html"
        bare.write_text(f"<title>x</title><p>{HOSTILE}<img src='{url}/image'></p>", encoding="utf-8")
        assert "<title>owned</title>" in dom(bare, tmp_path)
        assert asked == ["/image"]


def test_markup_that_slipped_in_is_held_by_the_policy(tmp_path: Path) -> None:
    """The second wall: were text not escaped, the page's policy would still let nothing load or run."""
    with listening() as (url, asked):
        path = reported(tmp_path / "r")
        slipped = f"<img src='{url}/i' onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
        path.write_text(path.read_text(encoding="utf-8").replace("<main>", f"<main>{slipped}"), encoding="utf-8")
        page = dom(path, tmp_path)
        assert "<title>r: report</title>" in page
        assert "4 of 4 rows" in page
        assert asked == []


CODE = {
    "python": "def f(x=0.5): # it's\n    return '''a\n#b''' + \"c\"",
    "rust": "fn f<'a>(x: &'a str) -> char { 'x' } // it's\nlet s = \"a\\\"b\";",
    "php": "$a = 1; # one\n$b = 'two'; // two",
    "shell": "echo ${#a} # c",
    "javascript": "const s = `a\nb`; /* c */ let t = 'd';",
    "constructor": "x = 1",
}


def test_code_is_told_apart(tmp_path: Path) -> None:
    """Comments, texts, numbers and keywords, by the rules of the language; all of the text is still there."""
    text = "\n".join(f"```{language}\n{code}\n```" for language, code in CODE.items())
    page = dom(Path(stage.write(a_run(tmp_path / "r", [a_sample(solution=text)])).report), tmp_path)
    shown = page.partition("<h4>Solution</h4>")[2].partition("</pre>")[0].partition(">")[2]
    marked = {kind: re.findall(f'<span class="{kind}">(.*?)</span>', shown, re.DOTALL) for kind in "csnk"}
    assert marked["c"] == ["# it's", "// it's", "# one", "// two", "# c", "/* c */"]
    assert marked["s"] == ["'''a\n#b'''", '"c"', "'x'", '"a\\"b"', "'two'", "`a\nb`", "'d'"]
    assert marked["n"] == ["0.5", "1", "1"]
    assert marked["k"] == ["def", "return", "fn", "char", "let", "const", "let"]
    assert html.unescape(re.sub(r"</?span[^>]*>", "", shown)) == text


def test_no_text_makes_the_page_slow(tmp_path: Path) -> None:
    """What begins a text or a comment again and again and never ends it is read once, not from each beginning.

    Fifty times what a row may hold: minutes, were the time to grow with the square of the length.
    """
    attacks = ['"\\' * 100_000, "'\\" * 100_000, "`\\" * 100_000, "/*" * 100_000, '"""' * 66_667, "#" * 200_000]
    script = f"""
    for (const text of {msgspec.json.encode(attacks).decode()})
      for (const language of ["python", "rust", "javascript", "php", "shell", "c"])
        if (code(text, language).textContent !== text) throw new Error("lost text");
    for (const text of ["```\\n".repeat(10000), "`".repeat(200000), " ".repeat(200000)])
      if (fenced(text).textContent !== text) throw new Error("lost text");
    document.title = "done";"""
    assert scripted(reported(tmp_path / "r"), script, tmp_path) == "done"


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_is_never_wider_than_its_window(tmp_path: Path, width: int) -> None:
    """On a phone, with every table open and names that have no place to break; each step's cost is seen at once."""
    samples = [a_sample(problem="word" * 200, solution=HOSTILE, index=n, language="x" * 90) for n in range(3)]
    evidence: dict[str, str | int | float | None] = {
        "tier": "verbatim",
        "item": "I" * 90,
        "score": 1,
        "text": "t" * 200,
    }
    lost = [
        Rejection("p9", a_seed(), "t" * 300, "decontaminate", "m" * 90, evidence, "r1"),
        Rejection("p8", a_seed(), "t" * 300, "near", "published", {"kept": "k" * 32, "published": "n" * 90}, "r2"),
    ]
    run = seeded(tmp_path / "r", 3)
    generated(run, lambda prompt: replied(prompt, cost=0.5))
    path = Path(stage.write(a_run(run.root, samples, lost)).report)
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", path.read_text(encoding="utf-8"))
    telling = """<script>
    for (const one of document.querySelectorAll("details")) one.open = true;
    setTimeout(() => {
      const {scrollWidth, clientWidth} = document.documentElement;
      const steps = document.querySelector(".steps");
      const unseen = [...steps.querySelectorAll("tbody tr")].filter((row) => !row.lastElementChild.offsetWidth);
      const told = [innerWidth, scrollWidth - clientWidth, steps.scrollWidth - steps.clientWidth, unseen.length];
      parent.postMessage(told.join(), "*");
    }, 300);
    </script></body>"""
    (tmp_path / "inner.html").write_text(page.replace("</body>", telling), encoding="utf-8")
    (tmp_path / "frame.html").write_text(
        "<title></title><script>addEventListener('message', (event) => { document.title = event.data; });</script>"
        f"<iframe src='inner.html' width={width} height=900 frameborder=0></iframe>",
        encoding="utf-8",
    )
    assert f"<title>{width},0,0,0</title>" in dom(tmp_path / "frame.html", tmp_path)
