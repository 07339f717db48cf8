"""One HTML file that needs nothing else: no network, no font, no library; it may run only the script it came with."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from magicoder_gen import __version__
from magicoder_gen.amounts import dollars
from magicoder_gen.report import charts, subset, texts, timeline
from magicoder_gen.report.stats import Stats
from magicoder_gen.report.subset import Shown
from magicoder_gen.storage import optouts

_FOLDER = Path(__file__).parent
_TOKEN_COLUMNS = 35  # to 700 tokens, as in the paper's figure
_SHARE_COLUMNS = 21  # 0 to 1, and 1 itself


def render(stats: Stats, rows: list[Shown]) -> str:
    """Return the page; the same numbers and rows give the same text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        finalize=_finalized,
        loader=FileSystemLoader(_FOLDER),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    style, script = _file("page.css"), _file("page.js")
    failed = dict(stats.traffic.failed) if stats.traffic else {}
    removed = failed.pop(optouts.REASON, 0)
    return environment.get_template("page.html").render(
        policy=_policy(style, script),
        style=style,
        script=script,
        data=texts.for_script(rows),
        stats=stats,
        shown=len(rows),
        failed=failed,
        removed=removed,
        bars=charts.bars,
        columns=charts.columns,
        percent=charts.percent,
        dollars=dollars,
        duration=timeline.duration,
        span=timeline.span,
        replies=timeline.replies,
        failures=timeline.failures,
        series=charts.series,
        token_columns=_TOKEN_COLUMNS,
        share_columns=_SHARE_COLUMNS,
        limits=subset,
        width=charts.WIDTH,
        height=charts.HEIGHT,
        version=__version__,
    )


def _finalized(value: Any) -> Any:
    """Make visible what is text and not markup of our own."""
    return texts.visible(value) if type(value) is str else value


def _file(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Return the content security policy: nothing but this style and this script, by their digests."""
    return (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
