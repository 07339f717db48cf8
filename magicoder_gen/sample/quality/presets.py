"""Every check there is, and the selections that have a name; in a selection the first that objects gives the reason."""

from magicoder_gen.sample.quality.benchmark import Benchmarks
from magicoder_gen.sample.quality.duplicates import NearDuplicates
from magicoder_gen.sample.quality.generated import Generated
from magicoder_gen.sample.quality.licensing import LicenseHeader, Licenses
from magicoder_gen.sample.quality.min_code import MinCode
from magicoder_gen.sample.quality.minified import Minified
from magicoder_gen.sample.quality.privacy import Emails, Placeholders
from magicoder_gen.sample.quality.secrets import Secrets
from magicoder_gen.sample.quality.syntax import Syntax

Pure = (
    Placeholders
    | Secrets
    | Emails
    | MinCode
    | LicenseHeader
    | Generated
    | Minified
    | Licenses
    | Benchmarks
    | Syntax
)  # fmt: skip
Check = Pure | NearDuplicates

# The paper's: whatever the draw gives.
NONE: tuple[Check, ...] = ()
# What no teacher should be shown, and what it could not be inspired by.
DEFAULT: tuple[Check, ...] = (Placeholders(), Secrets(), Emails(), MinCode())
# Everything that needs no configuration, what costs least first. Syntax needs the extra `code`.
STRICT: tuple[Check, ...] = (
    *DEFAULT,
    Licenses(),
    LicenseHeader(),
    Generated(),
    Benchmarks(),
    Minified(),
    Syntax(),
    NearDuplicates(),
)
