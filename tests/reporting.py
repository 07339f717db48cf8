"""Runs to report on, and a real browser to look at the report with."""

import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from builders import a_sample, a_seed

from magicoder_gen.records import Counts, Rejection, Sample
from magicoder_gen.report import stage
from magicoder_gen.storage import shards
from magicoder_gen.storage.rundir import RunDir

HOSTILE = (
    "</script></style></pre><script>document.title='owned'</script>"
    "<img src=x onerror=\"document.title='owned'\"><svg onload=\"document.title='owned'\"></svg>"
    "<a href=\"javascript:document.title='owned'\">x</a> [y](javascript:alert(1)) "
    "\x1b[31mred\x1b]0;owned\x07 \u202eesrever {{ 7 * 7 }} {% raw %} &lt;b&gt; \u2028 --> ]]>"
)
"""Text that attacks pages, scripts, templates and terminals."""

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def _arguments(profile: str) -> list[str]:
    rights = ["--no-sandbox"] if os.geteuid() == 0 else []
    return ["--headless", "--disable-gpu", "--disable-dev-shm-usage", *rights, f"--user-data-dir={profile}"]


def _why_not() -> str:
    """Why there is no browser to look with, "" if there is one: some machines have one that does not start."""
    if BROWSER is None:
        return "no chromium on the PATH; to look at reports in a browser: apt install chromium"
    with tempfile.TemporaryDirectory() as folder:
        command = [BROWSER, *_arguments(folder), "--dump-dom", "about:blank"]
        try:
            subprocess.run(command, capture_output=True, timeout=60, check=True)
        except (OSError, subprocess.SubprocessError) as error:
            return f"{BROWSER} does not start here: {error}"
    return ""


_WHY_NOT = _why_not()
needs_browser = pytest.mark.skipif(bool(_WHY_NOT), reason=_WHY_NOT or "there is one")


def a_run(folder: Path, samples: Iterable[Sample] = (), rejections: Iterable[Rejection] = ()) -> RunDir:
    """A run whose clean stage has written these."""
    run, kept, lost = RunDir(folder), list(samples), list(rejections)
    folder.mkdir(parents=True, exist_ok=True)
    run.begin("clean", {})
    parts = {
        "samples": shards.write_parts(run.folder("samples"), kept, run.layout),
        "rejections": shards.write_parts(run.folder("rejections"), lost, run.layout),
    }
    reasons = Counter(f"{one.check}:{one.reason}" for one in lost)
    counts = Counts(len(kept) + len(lost), len(kept), dict(sorted(reasons.items())))
    run.finish("clean", state="complete", counts=counts, parts=parts, seconds=1.0)
    return run


def dom(page: Path, folder: Path, fragment: str = "") -> str:
    """What a browser makes of a page, once its script has run."""
    assert BROWSER
    done = subprocess.run(
        [
            BROWSER,
            *_arguments(str(folder / "profile")),
            "--virtual-time-budget=2000",
            "--dump-dom",
            page.as_uri() + (f"#{fragment}" if fragment else ""),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def reported(folder: Path, attack: str = HOSTILE) -> Path:
    """The page of a run of three languages, with one rejection; the first sample attacks."""
    samples = [
        a_sample(problem=f"Attack {attack}", solution=attack, seed=attack, index=0),
        a_sample(problem="Sort the cargo.", solution="```rust\nfn main() {}\n```", index=1, language="rust"),
        a_sample(problem="Load the cargo.", solution="```python\nload()\n```", index=2),
    ]
    lost = [Rejection("p9", a_seed(attack), attack, "parse", "no_problem", {"why": attack})]
    return Path(stage.write(a_run(folder, samples, lost)).report)


def listed(page: str) -> list[str]:
    """The titles in the list of rows."""
    return re.findall(r"<li><button[^>]*>([^<]*)<small>", page)


def scripted(path: Path, script: str, folder: Path, fragment: str = "") -> str:
    """The title of the page after a script of the test, which may run since the policy is taken off."""
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", path.read_text(encoding="utf-8"))
    bare = folder / "scripted.html"
    bare.write_text(page.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    (title,) = re.findall("<title>(.*?)</title>", dom(bare, folder, fragment).partition("</head>")[0], re.DOTALL)
    return str(title)
