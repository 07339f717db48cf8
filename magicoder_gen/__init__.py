"""Instruction-tuning data for code models by OSS-INSTRUCT.

Stages read files and write files; see ARCHITECTURE.md. The command line is `magicoder_gen.cli`.
"""

__version__ = "0.1.0"
