"""Keys and tokens of known shapes are found, their dummies and look-alikes are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.credentials import RULES, find, masked
from magicoder_gen.fingerprint import rng

_LOWER = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"
_HEX = "0123456789abcdef"
_ANY = _LOWER + _LOWER.upper() + _DIGITS


def drawn(alphabet: str, length: int, *, seed: int = 1) -> str:
    """Characters that nobody chose: no real secret, and none in this file."""
    return "".join(rng(seed, alphabet, length).choices(alphabet, k=length))


def b64(length: int) -> str:
    """A run of base64."""
    return drawn(_ANY + "+/", length)


REAL = {
    "aws_access_key_id": f"id = '{'AK' + 'IA'}{drawn(_LOWER.upper() + '234567', 16)}'",
    "aws_secret_access_key": f"aws_secret_access_key = {b64(40)}\n",
    "azure": f"AccountName=me;AccountKey={b64(86)}==;EndpointSuffix=core",
    "anthropic": f"{'sk-' + 'ant'}-api03-{drawn(_ANY, 93)}",
    "databricks": f"token: {'da' + 'pi'}{drawn(_HEX, 32)}",
    "digitalocean": f"{'dop' + '_v1'}_{drawn(_HEX, 64)}",
    "discord_token": f"run('{'M' + drawn(_ANY, 23)}.{drawn(_ANY, 6)}.{drawn(_ANY, 38)}')",
    "discord_webhook": f"https://discord.com/api/{'web' + 'hooks'}/{drawn('123456789', 18)}/{drawn(_ANY, 68)}",
    "docker": f"docker login -p {'dckr' + '_pat'}_{drawn(_ANY, 27)}",
    "github": f"git clone https://{'gh' + 'p'}_{drawn(_ANY, 36)}@github.com/a/b",
    "github_fine_grained": f"{'github' + '_pat'}_{drawn(_ANY, 22)}_{drawn(_ANY, 59)}",
    "gitlab": f"PRIVATE-TOKEN: {'gl' + 'pat'}-{drawn(_ANY, 20)}",
    "google_api_key": f"key={'AI' + 'za'}{drawn(_ANY, 35)}&q=1",
    "google_oauth": f'"client_secret": "{"GOC" + "SPX"}-{drawn(_ANY, 28)}"',
    "hugging_face": f"login('{'h' + 'f'}_{drawn(_ANY, 34)}')",
    "jwt": f"Bearer {'ey' + 'J'}{drawn(_ANY, 20)}.{'ey' + 'J'}{drawn(_ANY, 60)}.{drawn(_ANY, 43)}",
    "mailchimp": f"apikey = '{drawn(_HEX, 32)}-{'us'}12'",
    "mailgun": f"api:{'ke' + 'y'}-{drawn(_HEX, 32)}",
    "npm": f"//registry/:_authToken={'np' + 'm'}_{drawn(_ANY, 36)}",
    "openai": f"api_key='{'s' + 'k'}-proj-{drawn(_ANY, 24)}T3Blbk{'FJ'}{drawn(_ANY, 24)}'",
    "private_key": f"{'-' * 5}BEGIN RSA PRIVATE {'KEY'}{'-' * 5}\\n{b64(64)}",
    "pypi": f"password = {'py' + 'pi'}-AgEIcHlwaS5vcmc{drawn(_ANY, 60)}",
    "sendgrid": f"{'S' + 'G'}.{drawn(_ANY, 22)}.{drawn(_ANY, 43)}",
    "shopify": f"{'shp' + 'at'}_{drawn(_HEX, 32)}",
    "slack_token": f"token={'xo' + 'xb'}-{drawn(_DIGITS, 12)}-{drawn(_ANY, 24)}",
    "slack_webhook": f"https://hooks.slack.com/services/T{drawn(_DIGITS, 8)}/B{drawn(_DIGITS, 8)}/{drawn(_ANY, 24)}",
    "stripe": f"stripe.api_key = '{'s' + 'k'}_live_{drawn(_ANY, 24)}'",
    "telegram": f"bot = Bot('{drawn('123456789', 10)}:{'A' + 'A'}{drawn(_ANY, 33)}')",
    "twilio": f"sid = '{'S' + 'K'}{drawn(_HEX, 32)}'",
    "url_password": f"postgres://app:{drawn(_ANY, 12)}@db.internal:5432/app",
}
# The same letters where they are no secret: cut short, part of a word, a dummy, or a variable.
UNREAL = {
    "aws_access_key_id": f"{'AK' + 'IA'}IOSFODNN7EXAMPLE",
    "aws_secret_access_key": "aws_secret_access_key = os.environ['AWS_SECRET_ACCESS_KEY']",
    "azure": "AccountName=me;AccountKey=<your key>;AccountKey={key}",
    "anthropic": f"{'sk-' + 'ant'}-...",
    "databricks": f"{'da' + 'pi'}{'0' * 32}",
    "digitalocean": f"name_v1_{drawn(_HEX, 64)}",
    "discord_token": "M.some_module_name_of_length.method.and_an_attribute_that_is_quite_long",
    "discord_webhook": "https://discord.com/api/webhooks/{id}/{token}",
    "docker": f"{'dckr' + '_pat'}_{'x' * 27}",
    "github": f"{'gh' + 'p'}_{'x' * 36}",
    "github_fine_grained": f"{'github' + '_pat'}_your_token_here",
    "gitlab": f"{'gl' + 'pat'}-{'x' * 20}",
    "google_api_key": f"{'AI' + 'za'}{drawn(_ANY, 34)}",
    "google_oauth": "ya29.short",
    "hugging_face": "hf_hub_download(repo_id, filename=hf_hub_url_of_a_file_in_it)",
    "jwt": f"{'ey' + 'J'}{drawn(_ANY, 20)}",
    "mailchimp": f"{drawn(_HEX, 31)}-us12",
    "mailgun": f"primary-{'ke' + 'y'}-{drawn(_HEX, 32)}",
    "npm": "npm_config_registry_and_other_settings_of_it",
    "openai": "sk-estimator-doc-link fitted, class sk-toggleable__content",
    "private_key": f"{'-' * 5}BEGIN RSA PUBLIC {'KEY'}{'-' * 5}\n{'-' * 5}BEGIN CERTIFICATE{'-' * 5}",
    "pypi": "pypi-AgE",
    "sendgrid": "SG.first.second",
    "shopify": f"{'shp' + 'at'}_{'a' * 32}",
    "slack_token": f"{'xo' + 'xb'}-your-token-goes-here",
    "slack_webhook": "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "stripe": "test_live_abcdefghijklmnop sk_live_xxxxxxxxxxxxxxxxxxxxxxxx",
    "telegram": f"12:{'A' + 'A'}{drawn(_ANY, 33)}",
    "twilio": f"{'S' + 'K'}{drawn(_HEX, 31)}",
    "url_password": "postgres://app:${PASSWORD}@db https://user:password@host http://h:8080/@me ssh://git@h:22",
}


HEADER, FOOTER = (f"{'-' * 5}{end} RSA PRIVATE {'KEY'}{'-' * 5}" for end in ("BEGIN", "END"))


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}\n{b64(64)}\n",
        f"key = (\n    '{HEADER}\\n'\n    '{b64(64)}\\n'\n",
        f"{HEADER}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,{drawn(_HEX, 32).upper()}\n\n{b64(64)}",
        f"# {b64(64)}\n# {b64(9)}==\n# {FOOTER}",
        f"if text.startswith('{HEADER}'):\n    return\n{HEADER}\n{b64(64)}\n{FOOTER}",
    ],
)
def test_a_private_key_is_found_by_its_body(text: str) -> None:
    """Beside a header or a footer, whatever quotes, comments and headers stand between."""
    found = find(text)
    assert found
    assert found.rule == "private_key"


@pytest.mark.parametrize(
    "text",
    [
        f"if text.startswith('{HEADER}'):\n    end = text.index('{FOOTER}')",
        f"{HEADER}\n...\n{FOOTER}",
        f"{HEADER}\n<key bytes>\n{FOOTER}",
        f"{HEADER}\n{'x' * 64}\n{FOOTER}",
        f"{HEADER}\n{'MII' + 'E'}EXAMPLE{b64(64)}\n{FOOTER}",
        f"{HEADER}\n{FOOTER}\ndigest = '{b64(64)}'",
        f"{HEADER}\n{'# as long as it is' * 12}\n{b64(64)}",
        f"the{'Name' * 12}(path)\n{FOOTER}",
    ],
)
def test_a_header_alone_is_no_private_key(text: str) -> None:
    """Code that reads keys, and what explains it, names header and footer."""
    assert find(text) is None


@pytest.mark.parametrize(
    ("host", "is_secret"),
    [
        *((host, False) for host in ("example.com", "db.example.org:5432/x", "api.test", "a.invalid.", "example")),
        *((host, True) for host in ("example.com.br", "localhost", "notexample.com", "test.org", "10.0.0.1")),
    ],
)
def test_a_password_for_a_host_that_nobody_has_is_none(host: str, *, is_secret: bool) -> None:
    """Names that are reserved for documentation open nothing."""
    assert (find(f"see http://app:{drawn(_ANY, 12)}@{host}") is not None) == is_secret


def test_what_vendors_print_is_no_secret() -> None:
    """Keys of documentation and emulators, which everybody copies; those that begin otherwise are found."""
    key = "Eby8vdM0" + "2xNO" + b64(74) + "=="
    token = f"{'ey' + 'J'}{drawn(_ANY, 20)}.{'ey' + 'J'}{drawn(_ANY, 60)}."
    assert find(f"AccountName=devstoreaccount1;AccountKey={key}") is None
    assert find(token + "SflKxw" + "RJSMeK" + drawn(_ANY, 31)) is None
    assert find(token + "SflKxw" + drawn(_ANY, 37))


def test_every_rule_has_its_examples() -> None:
    """No rule is untested."""
    assert REAL.keys() == UNREAL.keys() == {rule.name for rule in RULES}


@pytest.mark.parametrize("name", REAL)
def test_each_rule_finds_its_secret(name: str) -> None:
    """None other takes it for its own, and the span is inside the line that holds it."""
    found = find(f"x = 1\n{REAL[name]}\n")
    assert found
    assert found.rule == name
    assert len("x = 1\n") <= found.start < found.end <= len(f"x = 1\n{REAL[name]}\n")


@pytest.mark.parametrize("name", UNREAL)
def test_each_rule_spares_what_is_none(name: str) -> None:
    """Dummies, variables, words that merely begin so."""
    assert find(UNREAL[name]) is None


@given(st.text(max_size=200), st.sampled_from(sorted(REAL)))
def test_a_secret_is_found_among_any_text(around: str, name: str) -> None:
    """What stands on other lines does not hide it."""
    assert find(f"{around}\n{REAL[name]}\n{around}")


@pytest.mark.parametrize(("name", "literal"), [(rule.name, literal) for rule in RULES for literal in rule.literals])
def test_repetitions_cost_linear_time(name: str, literal: str) -> None:
    """A hundred thousand beginnings of a secret are read once, not once each (which takes minutes)."""
    assert (found := find(literal * 100_000)) is None or found.rule == name


def test_masking_moves_nothing() -> None:
    """Every secret, of every kind, is as many asterisks; the rest stays where it was."""
    keys = ["AKIA" + "Q7ZX3MPLR2TV5WKD", "ghp_" + "R4nd0mQ7ZX3MPLR2TV5WKDaB9cE1fG6hJ8kL"]
    text = f"one {keys[0]} two {keys[1]} three {keys[0]}"
    found = masked(text)
    assert found == f"one {'*' * 20} two {'*' * 40} three {'*' * 20}"
    assert masked(found) == found
