"""Finds the prose of the repository, with its lines: Markdown, docstrings, messages and the templates' texts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
#: What replaces a code span, or a value that a message is formatted with.
CODE = "<code>"
CODE_SPAN = re.compile(r"(`+)[^`]+\1")
#: A string constant is a message if it has three words in a row: names, keys and most patterns have fewer.
THREE_WORDS = re.compile(r"[A-Za-z']+,? [a-z']+,? [a-z']+")
TRANSLATED = re.compile(
    r"""{%\s*translate\s+(?:"([^"]*)"|'([^']*)')|{%\s*blocktranslate\b[^%]*%}(.*?){%\s*endblocktranslate""", re.DOTALL
)
MARKDOWN = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Text:
    """A paragraph, a docstring or a message, and where it begins."""

    path: str
    line: int
    kind: str
    content: str


def texts() -> Iterator[Text]:
    """Yields every text that the style sheet applies to."""
    for pattern in ("*.md", "docs/**/*.md", "example_project/**/*.md"):
        for path in sorted(ROOT.glob(pattern)):
            if "_build" not in path.parts:
                yield from markdown_texts(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
    for folder in ("macaron_django", "example_project"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield from python_texts(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
        for path in sorted((ROOT / folder).rglob("*.html")):
            yield from template_texts(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))


def markdown_texts(path: str, source: str) -> Iterator[Text]:
    """Yields the paragraphs, headings and table cells of a Markdown file, without their code."""
    line = 1
    for token in MARKDOWN.parse(source):
        if token.map:
            line = token.map[0] + 1
        if token.type == "inline" and token.children:
            yield Text(path, line, "docs", "".join(map(inline_text, token.children)))


def inline_text(token: Token) -> str:
    """Returns what a reader sees of a part of a paragraph, with ``CODE`` for code."""
    if token.type in {"softbreak", "hardbreak"}:
        return "\n"
    if token.type == "code_inline":
        return CODE
    return "" if token.type == "html_inline" else token.content


def python_texts(path: str, source: str) -> Iterator[Text]:
    """Yields the docstrings of a module, and the strings in it that are sentences."""
    tree = ast.parse(source)
    seen: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node, clean=False)
            if docstring is not None and isinstance(node.body[0], ast.Expr):
                seen.add(node.body[0].value)
                yield Text(path, node.body[0].lineno, "docstring", without_examples(docstring))
        elif isinstance(node, ast.JoinedStr):
            seen.update(ast.walk(node))
            parts = [str(part.value) if isinstance(part, ast.Constant) else CODE for part in node.values]
            yield from message(path, node, "".join(parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in seen:
            yield from message(path, node, node.value)


def message(path: str, node: ast.expr, content: str) -> Iterator[Text]:
    """Yields a string's text if it is a sentence, or a part of one."""
    if THREE_WORDS.search(content):
        yield Text(path, node.lineno, "message", CODE_SPAN.sub(CODE, content))


def without_examples(docstring: str) -> str:
    """Returns a docstring's prose: code spans become ``CODE``, indented examples empty lines."""
    lines = CODE_SPAN.sub(lambda span: CODE + "\n" * span.group().count("\n"), docstring).split("\n")
    margin = min((indent(line) for line in lines[1:] if line.strip()), default=0)
    prose = (line.strip() if number == 0 or indent(line) <= margin else "" for number, line in enumerate(lines))
    return "\n".join("" if line.startswith((">>>", "...")) else line for line in prose)


def indent(line: str) -> int:
    """Returns how many spaces a line begins with."""
    return len(line) - len(line.lstrip())


def template_texts(path: str, source: str) -> Iterator[Text]:
    """Yields the texts that a template marks for translation."""
    for found in TRANSLATED.finditer(source):
        content = next(group for group in found.groups() if group is not None)
        yield Text(path, source.count("\n", 0, found.start()) + 1, "message", re.sub(r"{{.*?}}", CODE, content))
