import pytest
from builders import a_snippet

from magicoder_gen.sample.grammars import MAX_BYTES
from magicoder_gen.sample.quality.syntax import Syntax

pytest.importorskip("tree_sitter", reason="needs the extra: code")


def _file(source: str, language: str) -> str | None:
    return Syntax().reason(a_snippet("x", source=source, language=language))


def _snippet(text: str, language: str) -> str | None:
    return Syntax(of="snippet").reason(a_snippet(text, source="(", language=language))


@pytest.mark.parametrize(
    ("language", "good", "bad"),
    [
        ("python", "def f():\n    return 1\n", "def f(:\n    return 1\n"),
        ("java", "class A { int f() { return 1; } }\n", "class A { int f( { return 1; } }\n"),
        ("typescript", "const a: number = 1;\n", "const a: = 1;\n"),
        ("javascript", "const a = 1;\n", "const a = ;\n"),
        ("shell", "if a; then b; fi\n", "if a; then b;\n"),
        ("csharp", "class A { int f = 1; }\n", "class A { int f = ; }\n"),
        ("rust", "fn f() -> i32 { 1 }\n", "fn f( -> i32 { 1 }\n"),
        ("php", "<?php function f() { return 1; }\n", "<?php function f( { return 1; }\n"),
        ("swift", "func f() -> Int { return 1 }\n", "func f( -> Int { return 1 }\n"),
    ],
)
def test_a_file_with_a_syntax_error_is_unfit(language: str, good: str, bad: str) -> None:
    """The whole document is judged, wherever the snippet lies."""
    assert _file(good, language) is None
    assert _file(bad, language) == "syntax_error"
    assert _snippet(good, language) is None
    assert _snippet(bad, language) == "syntax_error"


@pytest.mark.parametrize("language", ["c", "cpp", "sql", "klingon"])
def test_files_that_no_grammar_can_judge_pass(language: str) -> None:
    """C and C++ have macros; some languages have no grammar."""
    assert _file("((", language) is None


def test_a_file_too_large_to_parse_passes() -> None:
    """It is not judged."""
    assert _file("(" * (MAX_BYTES + 1), "python") is None


@pytest.mark.parametrize("language", ["c", "cpp"])
def test_snippets_of_c_are_judged(language: str) -> None:
    """A snippet has few macros."""
    assert _snippet("  int x = f(1);\n  return x;\n", language) is None
    assert _snippet("  int x = f(1;\n", language) == "syntax_error"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "    def f(self):\n        return 1\n"),
        ("cpp", " public:\n  ~A();\n  virtual int f() = 0;\n"),
        ("java", "    A(int x) {\n        this.x = x;\n    }\n"),
        ("java", "        super(x);\n        return;\n"),
        ("typescript", "  async f(): Promise<void> {\n  }\n"),
        ("javascript", "  constructor() {\n    super();\n  }\n"),
        ("csharp", "    public int X { get; set; }\n"),
        ("rust", "    let x = 1;\n    x\n"),
        ("php", "    public function f() { return 1; }\n"),
        ("php", "$x = 1; ?>\n<p>\n"),
        ("swift", "    return 1\n"),
        ("swift", "    var x: Int { get }\n    func f() -> Int\n"),
    ],
)
def test_a_snippet_may_stand_in_a_class_or_function(language: str, text: str) -> None:
    """A bare method is whole code."""
    assert _snippet(text, language) is None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("java", "}\nclass B {\n"),
        ("java", "}\nvoid f() {\n"),
        ("java", "} }\nclass B { void f() {\n"),
        ("typescript", "}\nclass B {\n"),
        ("csharp", "    }\n}\nclass B {\n"),
        ("rust", "}\nfn b() {\n"),
        ("cpp", "}\nint b() {\n"),
        ("swift", "}\nfunc b() {\n"),
        ("php", "}\nclass B {\n"),
        ("python", "else:\n    x = 1\n"),
        ("javascript", "} else {\n  a();\n"),
        ("rust", "    1 => 2,\n"),
    ],
)
def test_a_snippet_that_closes_what_it_did_not_open_is_unfit(language: str, text: str) -> None:
    """The class or function put around it must stay around it."""
    assert _snippet(text, language) == "syntax_error"
