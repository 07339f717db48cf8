"""Keys and passwords in a text, found by the shape that their issuers gave them."""

import functools
import re
from typing import Any, NamedTuple


class Rule(NamedTuple):
    """`pattern` is tried where the text holds one of `literals`, or if there are none, `part`, which is sooner found.

    Its group is the secret itself; without a group, the match is one whatever it holds.
    """

    name: str
    literals: tuple[str, ...]
    pattern: re.Pattern[str]
    part: re.Pattern[str] | None


def _rule(name: str, literals: str, pattern: str, *, part: str | None = None) -> Rule:
    sooner = re.compile(part, re.ASCII) if part else None
    return Rule(name, tuple(literals.split()), re.compile(pattern, re.ASCII), sooner)


# Base64 of a length that no word has, at most 200 characters behind a header or before a footer, in a string or not. A
# header alone is what code that reads keys, and its documentation, are full of.
_KIND = r"(?:[A-Z0-9]{2,9} ){0,2}PRIVATE KEY(?: BLOCK)?-----"
_BETWEEN = r"(?:[^-]|-(?!-)){0,200}"
_BODY = r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{40,}+"
_MIXED = r"(?=[a-z0-9+/]*[A-Z])(?=[A-Z0-9+/]*[a-z])(?=[A-Za-z+/]*[0-9])"
_PRIVATE_KEY = rf"(?:-----BEGIN {_KIND}{_BETWEEN}?|(?={_BODY}{_BETWEEN}-----END {_KIND}))({_MIXED}{_BODY})"
_OF_URL = r"[^\s/?#@:'\"`<>(){}\[\]$%*]"
# Hosts that nobody can have (RFC 2606): whatever the password, it opens nothing.
_RESERVED = r"(?:[\w-]{1,63}\.){0,8}(?:example(?:\.(?:com|net|org))?|test|invalid)(?![\w-]|\.\w)"

# Shapes are those that the issuers document; lengths are minima where they have changed over the years.
RULES = (
    _rule(
        "aws_access_key_id", "AKIA ASIA ABIA ACCA", r"(?<![A-Z0-9])(?:AKIA|ASIA|ABIA|ACCA)([A-Z2-7]{16})(?![A-Z0-9])"
    ),
    _rule(
        "aws_secret_access_key",
        "cret_access_key cretAccessKey CRET_ACCESS_KEY",
        r"(?i:secret_?access_?key)\W{1,10}([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
    ),
    _rule("azure", "AccountKey= SharedAccessKey=", r"(?:Account|SharedAccess)Key=([A-Za-z0-9+/]{43,88}={1,2})"),
    _rule("anthropic", "sk-ant-", r"sk-ant-[a-z0-9]{2,12}-([\w-]{24,})"),
    _rule("databricks", "dapi", r"(?<!\w)dapi([0-9a-f]{32})(?!\w)"),
    _rule("digitalocean", "_v1_", r"(?<!\w)do[opr]_v1_([0-9a-f]{64})(?!\w)"),
    _rule(
        "discord_token",
        "",
        r"([MNO](?<![\w.-].)[\w-]{23,27}\.[\w-]{6}\.[\w-]{27,40})(?![\w.-])",
        part=r"\.[\w-]{6}\.[\w-]{27}",
    ),
    _rule("discord_webhook", "/api/webhooks/", r"discord(?:app)?\.com/api/webhooks/\d{15,20}/([\w-]{60,80})"),
    _rule("docker", "dckr_pat_", r"dckr_pat_([\w-]{27,})"),
    _rule("github", "ghp_ gho_ ghu_ ghs_ ghr_", r"(?<![A-Za-z0-9])gh[pousr]_([A-Za-z0-9]{36,255})(?!\w)"),
    _rule("github_fine_grained", "github_pat_", r"github_pat_([A-Za-z0-9]{22}_[A-Za-z0-9]{59})"),
    _rule("gitlab", "glpat- gldt- glrt- glptt-", r"(?<!\w)gl(?:pat|dt|rt|ptt)-([\w-]{20,})"),
    _rule("google_api_key", "AIza", r"(?<![\w-])AIza([\w-]{35})(?![\w-])"),
    _rule("google_oauth", "GOCSPX- ya29.", r"(?:GOCSPX-|(?<!\w)ya29\.)([\w-]{24,})"),
    _rule("hugging_face", "hf_", r"(?<!\w)hf_([A-Za-z0-9]{34,40})(?!\w)"),
    _rule("jwt", "eyJ", r"(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.([\w-]{20,})"),
    _rule("mailchimp", "-us", r"(?<!\w)([0-9a-f]{32})-us\d{1,2}(?!\w)"),
    _rule("mailgun", "key-", r"(?<![\w-])key-([0-9a-f]{32})(?!\w)"),
    _rule("npm", "npm_", r"(?<!\w)npm_([A-Za-z0-9]{36})(?!\w)"),
    _rule("openai", "sk-", r"(?<![\w-])sk-(?:proj-|svcacct-|admin-)?([A-Za-z0-9]{32,}|[\w-]{20,}T3BlbkFJ[\w-]{20,})"),
    _rule("private_key", "PRIVATE", _PRIVATE_KEY),
    _rule("pypi", "pypi-AgE", r"pypi-AgE([\w-]{50,})"),
    _rule("sendgrid", "SG.", r"(?<!\w)SG\.([\w-]{22}\.[\w-]{43})(?!\w)"),
    _rule("shopify", "shp", r"(?<!\w)shp(?:at|ca|pa|ss)_([0-9a-fA-F]{32})(?!\w)"),
    _rule("slack_token", "xox", r"(?<!\w)xox[abceoprs](?:\.xox[bp])?-([\w-]{16,})"),
    _rule("slack_webhook", "hooks.slack.com/", r"hooks\.slack\.com/(?:services|workflows|triggers)/\w+/\w+/(\w{16,})"),
    _rule("stripe", "_live_ _test_", r"(?<![A-Za-z0-9])[sr]k_(?:live|test)_([A-Za-z0-9]{16,})"),
    _rule("telegram", ":AA", r"(?<!\w)\d{8,10}:(AA[\w-]{33})(?![\w-])"),
    _rule("twilio", "SK", r"(?<!\w)SK([0-9a-f]{32})(?!\w)"),
    _rule(
        "url_password",
        "://",
        rf"://{_OF_URL}{{0,64}}:((?:{_OF_URL}|%[0-9A-Fa-f]{{2}}){{3,128}})@(?!{_RESERVED})[A-Za-z0-9]",
    ),
)
_BY_PART = [(number, rule.part) for number, rule in enumerate(RULES) if rule.part]
_DUMMY = re.compile(
    r"example|sample|dummy|fake|your|placeholder|redacted|change_?me|insert|invalid|0123456|1234567|abcdefg|xxxx|\.\.\.",
    re.IGNORECASE,
)
_COMMON_PASSWORDS = frozenset(
    {"admin", "guest", "hunter2", "mysql", "pass", "passw0rd", "passwd", "password", "postgres", "pwd", "root"}
    | {"secret", "test", "token", "user", "pw", "foo", "bar", "baz", "123", "1234", "12345", "123456", "mypassword"}
)
# How those begin that vendors print in their documentation, and that others print after them, teachers included.
_PUBLISHED = (
    "16C7e42F292c",  # GitHub
    "4eC39HqLyjWD",  # Stripe
    "AAHdqTcvCH1v",  # Telegram
    "BQokikJOvBiI",  # Stripe
    "C2y6yDjf5/R+",  # the emulator of Azure Cosmos DB, where it is the same everywhere
    "Eby8vdM02xNO",  # the emulator of Azure storage
    "MTk4NjIyNDgz",  # Discord
    "SflKxwRJSMeK",  # jwt.io
    "TJVA95OrM7E2",  # jwt.io, formerly
)
_DIFFERENT = 6  # characters, at least: of 16 random ones out of 32, fewer are one in a million


class Found(NamedTuple):
    """A secret: the rule that finds it, and its characters `start` to `end` of the text."""

    rule: str
    start: int
    end: int


def find(text: str) -> Found | None:
    """Return a secret of `text`, that of the first rule that finds one; None if there is none."""
    for rule in _tried(text):
        match = next(filter(_is_real, rule.pattern.finditer(text)), None)
        if match:
            return Found(rule.name, match.start(), match.end())
    return None


def masked(text: str) -> str:
    """Return text with an asterisk in place of each character of a secret, so that nothing else moves."""
    for rule in _tried(text):
        text = rule.pattern.sub(lambda match: "*" * len(match[0]) if _is_real(match) else match[0], text)
    return text


def _tried(text: str) -> list[Rule]:
    """Return the rules that may find something."""
    automaton, rules = _prefilter()
    tried = {rules[literal] for literal, _, _ in automaton.find_matches_as_indexes(text, overlapping=True)}
    tried.update(number for number, part in _BY_PART if part.search(text))
    return [RULES[number] for number in sorted(tried)]


@functools.cache
def _prefilter() -> tuple[Any, list[int]]:
    """Return an automaton over the literals, and for each the number of its rule; ten times faster than `in`."""
    import ahocorasick_rs

    pairs = [(literal, number) for number, rule in enumerate(RULES) for literal in rule.literals]
    return ahocorasick_rs.AhoCorasick([literal for literal, _ in pairs]), [number for _, number in pairs]


def _is_real(match: re.Match[str]) -> bool:
    if not match.re.groups:
        return True
    secret = match[1]
    if match[0].startswith("://"):
        return secret.lower() not in _COMMON_PASSWORDS and not _DUMMY.search(secret)
    return len(set(secret)) >= _DIFFERENT and not secret.startswith(_PUBLISHED) and not _DUMMY.search(secret)
