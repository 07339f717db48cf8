"""Redaction marks and e-mail addresses."""

import pytest
from builders import a_snippet

from magicoder_gen.sample.quality.privacy import Emails, Placeholders


@pytest.mark.parametrize(
    "text",
    [
        "# Author: <NAME>\n",
        "'<EMAIL>'",
        'key = "<KEY>"\n',
        "password='<PASSWORD>'",
        "mail(<EMAIL>, <NAME>)",
        "<<NAME>>",
    ],
)
def test_redaction_marks_are_found(text: str) -> None:
    """The four that starcoderdata has."""
    assert Placeholders().reason(a_snippet(text)) == "placeholder"


@pytest.mark.parametrize(
    "text",
    ["Map<KEY, V> m;", "List<KEY> keys;", "new Foo<NAME>()", "<name>", "<KEYS>", "< NAME >", "vector<int>", "<HOST>"],
)
def test_type_arguments_and_other_words_are_none(text: str) -> None:
    """A mark stands for itself, behind no word."""
    assert Placeholders().reason(a_snippet(text, language="java")) is None


def test_xml_is_none() -> None:
    """A tag that the document closes is a tag, even where the snippet ends before."""
    assert Placeholders().reason(a_snippet("s = '''<NAME>\n", source="s = '''<NAME>\nx</NAME>'''\n")) is None
    assert Placeholders().reason(a_snippet("<NAME> <KEY>", source="<NAME> <KEY>\n</NAME>")) == "placeholder"


@pytest.mark.parametrize(
    "address",
    ["ann.lee@mail.corp-site.com", "A_B+c@uni.edu", "x@y.de", "dev@lists.project.org", "me@studio.software", "j@K.COM"],
)
@pytest.mark.parametrize("around", ["# Author: Ann <{}>\n", "{}", "mailto:{}?subject=x", "('{}', 1)", "to {}."])
def test_addresses_are_found(address: str, around: str) -> None:
    """Whatever stands around them."""
    assert Emails().reason(a_snippet(around.format(address))) == "email"


@pytest.mark.parametrize(
    "text",
    [
        "user@example.com, a@b.example.org, x@example.net",
        "root@localhost a@b.test a@b.invalid a@b.example a@printer.local",
        "git clone git@github.com:owner/name.git",
        "@property\ndef x(self): ...",
        "npm i lodash@4.17.21 @types/node@20.1.0-beta.2",
        "background: url(icon@2x.png)",
        "y = a.T@b.weight + x@w.to(device)",
        "user@host:path and a @ b.com and @b.com",
        "<img srcset='a@1.5x.jpg'>",
        "person@something.nowhere",
    ],
)
def test_what_only_looks_like_one_passes(text: str) -> None:
    """Reserved domains, SSH, decorators, versions, matrices."""
    assert Emails().reason(a_snippet(text)) is None


def test_long_words_cost_linear_time() -> None:
    """A megabyte without a space is searched once, not once per character."""
    assert Emails().reason(a_snippet("a" * 1_000_000 + "@")) is None
    assert Emails().reason(a_snippet("a." * 500_000 + "@")) is None
    assert Emails().reason(a_snippet("@" + "a." * 500_000)) is None
