"""One portion of replies or rows."""

from magicoder_gen.clean import screen
from magicoder_gen.clean.checks.protocol import Verdict


def test_evidence_holds_no_half_of_a_secret() -> None:
    """Cut in two, at its end or by the span's own, a key is known by no shape: it is made unreadable before."""
    key = "AKIA" + "Q7ZX3MPLR2TV5WKD"
    text = "x" * 50 + " " + key + " " + "y " * 89 + key + " z"
    at_both_ends = screen.quoting(Verdict("mbpp", {"start": 61, "end": len(text)}), text)
    assert at_both_ends.evidence == {
        "start": 61,
        "end": len(text),
        "text": "*" * 10 + " " + "y " * 89 + "*" * 11,
    }
    within = screen.quoting(Verdict("mbpp", {"start": 0, "end": 60}), text)
    assert within.evidence["text"] == "x" * 50 + " " + "*" * 9
