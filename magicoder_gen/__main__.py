"""`python -m magicoder_gen`: the same as the `magicoder-gen` command."""

from magicoder_gen.cli import main

if __name__ == "__main__":
    main()
