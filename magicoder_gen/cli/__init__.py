"""The commands: parse, wire, print. stdout is the result, stderr is talk, the exit code is API (see errors)."""

from magicoder_gen.cli.program import cli, main

__all__ = ["cli", "main"]
