"""Packed documents and snippets of data."""

import pytest
from builders import a_snippet

from magicoder_gen.sample.quality.minified import Minified

CODE = "def add(first, second):\n    return first + second\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (CODE, None),
        (f"{CODE}x = '{'a b ' * 250}'\n", "minified"),
        (f"{CODE * 40}x = '{'a b ' * 248}'\n", None),
        ("var aa=function(){return bb};" * 4 + "\n", "minified"),
        ("|-+ " * 20 + "\n", "data"),
        ("größe = länge\n" * 3, None),
        ("", None),
    ],
)
def test_documents_are_judged_whole(source: str, expected: str | None) -> None:
    """By their longest line, their mean line, and their share of letters and digits."""
    assert Minified().reason(a_snippet("x = y\n", source=source)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "    0x1F3F, 0x1F40, 0x1F41,\n    0x1F42, 0x1F43\n",
        "[0.5, 1e-9, -3.25, 4],\n[1., .5, 2f, 17UL],\n",
        r"b'\x00\x1f\x2e\x3d\x11\x22'",
        "x = '" + "aB3d9Kq0Zp" * 8 + "'\n",
        "1631\n1632\n1806\n1807\n",
        "(0x226, 'M', 'ȧ'),\n(0x227, 'V'),\n(0x228, 'M', 'ȩ'),\n(0x229, 'V'),\n",
    ],
)
def test_tables_and_blobs_are_data(text: str) -> None:
    """Numbers, escape sequences, base64."""
    assert Minified().reason(a_snippet(text, source=CODE)) == "data"


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\ny = 2\nz = 3\n",
        "for i in range(10, 200, 5): total += values[i] * 3\n",
        "class GoogleCloudCommerceConsumerProcurementV1alpha1UnassignRequestOfTheUser:\n    pass\n",
        "utf8 = x86_64 + sha256 + int32 + base64 + mp3\n",
        "",
    ],
)
def test_code_with_numbers_is_code(text: str) -> None:
    """A few numbers, digits in names, long names."""
    assert Minified().reason(a_snippet(text, source=CODE)) is None


def test_thresholds_are_options() -> None:
    """Each is a key of its own."""
    assert Minified(max_line=20).reason(a_snippet(CODE)) == "minified"
    assert Minified(mean_line=20).reason(a_snippet(CODE)) == "minified"
    assert Minified(alphanumeric=0.9).reason(a_snippet(CODE)) == "data"
    assert Minified(data=0.1).reason(a_snippet("f(10, 20, 30, 40, names_of_things)", source=CODE)) == "data"
