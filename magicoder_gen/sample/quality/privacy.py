"""People in a snippet: marks that redaction left behind, and e-mail addresses."""

import re

from magicoder_gen.records import Block
from magicoder_gen.sample.protocols import Snippet

_MARK = re.compile(r"<(?<!\w<)(NAME|EMAIL|KEY|PASSWORD)>")
# Local parts are at most 64 characters (RFC 5321), which also keeps the search linear in long words.
_ADDRESS = re.compile(
    r"(?<![\w.+%-])([A-Za-z0-9][\w.+%-]{0,63})@((?:[A-Za-z0-9-]{1,63}\.){1,8}([A-Za-z]{2,12}))(?![\w(\[@-]|\.\w)",
    re.ASCII,
)
_TOP_LEVEL = (
    " academy agency aero app arpa asia biz blog cat cloud club codes com company consulting coop design "
    "dev digital edu email engineer expert fun global gmbh gov group guru info int jobs law life link "
    "live llc ltd mail media mil mobi museum name net network news ngo online ooo org page party press "
    "pro sale science services shop site software solutions space store studio support systems team tech "
    "technology tel today tools top travel university vip website wiki work works world xxx xyz zone "
)
_RESERVED = re.compile(r"(?:^|\.)example\.(?:com|net|org)$|\.(?:example|test|invalid|localhost|local)$", re.IGNORECASE)
_COUNTRY = 2  # letters: every top-level domain of two is a country's


class Placeholders(Block, frozen=True):
    """No redaction marks: `<NAME>`, `<EMAIL>`, `<KEY>`, `<PASSWORD>`, which starcoderdata has for personal data.

    A mark behind a letter or digit is a type argument (`List<KEY>`), one whose closing tag is in the document
    is XML; both pass. IP addresses were replaced by private ones, which read like any other and pass too.
    Source: pii/README.md of bigcode-project/bigcode-dataset. Dropped where measured: 0 of 40 000 snippets of
    installed packages, which nobody redacted.
    """

    def reason(self, snippet: Snippet) -> str | None:
        """Return `placeholder`, or None."""
        for match in _MARK.finditer(snippet.text):
            if f"</{match[1]}>" not in snippet.source:
                return "placeholder"
        return None


class Emails(Block, frozen=True):
    """No e-mail addresses, except at names reserved for documentation and tests (example.com, .test, .invalid, …).

    SSH addresses (`git@…`) and whatever does not end in a country's or one of about 90 other top-level domains
    (`lodash@4.17`, `icon@2x.png`, `a.T@b.weight`) are no e-mail addresses. Sources: RFC 2606, 6761.
    Dropped where measured: 0.2 to 0.3 % of snippets of installed packages.
    """

    def reason(self, snippet: Snippet) -> str | None:
        """Return `email`, or None."""
        if "@" in snippet.text and any(_is_personal(match) for match in _ADDRESS.finditer(snippet.text)):
            return "email"
        return None


def _is_personal(match: re.Match[str]) -> bool:
    user, domain, top = match.groups()
    known = len(top) == _COUNTRY or f" {top.lower()} " in _TOP_LEVEL
    return known and user != "git" and not _RESERVED.search(domain)
