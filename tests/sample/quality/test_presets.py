"""Named selections of checks."""

import msgspec
from builders import a_snippet

from magicoder_gen.sample.quality import presets
from magicoder_gen.sample.quality.duplicates import NearDuplicates


def test_every_check_has_its_own_name_in_yaml() -> None:
    """A list of types decodes into the checks with their defaults."""
    tagged = [{"type": check.__struct_config__.tag} for check in presets.STRICT]
    assert msgspec.convert(tagged, tuple[presets.Check, ...]) == presets.STRICT
    assert [check["type"] for check in tagged[:4]] == ["placeholders", "secrets", "emails", "min_code"]


def test_strict_has_them_all() -> None:
    """Each once, duplicates last: they compare with what everything else has let through."""
    assert {type(check) for check in presets.STRICT} == set(presets.Check.__args__)
    assert len(presets.STRICT) == len(presets.Check.__args__)
    assert presets.STRICT[-1] == NearDuplicates()
    assert presets.NONE == ()


def test_good_code_passes() -> None:
    """All pure checks together let ordinary code through."""
    text = "def area(width, height):\n    return width * height\n"
    pure = [check for check in presets.STRICT if not isinstance(check, NearDuplicates)]
    assert [check.reason(a_snippet(text)) for check in pure] == [None] * len(pure)
