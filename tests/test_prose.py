"""The rules of the prose linter are those of the style sheet, and it finds each text at its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prose.rules import RULES
from prose.texts import CODE, Text, markdown_texts, python_texts, template_texts

ROOT = Path(__file__).resolve().parent.parent
ROWS = re.findall(r"^\| (`.+) \| (\".+) \|$", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE)
EXAMPLES = [(bad, good) for wrong, good in ROWS for bad in re.findall(r"`([^`]+)`", wrong)]

MARKDOWN = """# A `title`

A sentence
over two lines, with [a link](https://a.test/nobody).

```python
nobody = "is no code"
```

| a | cell |
|---|---|
| one | two words |
"""
PYTHON = '''"""A module."""

NAME = "one two"


def function(name):
    """Returns `nobody`.

    The last line.

        an example

    >>> another
    """
    raise ValueError(
        f"{name} is more "
        "than a name"
    )
'''
TEMPLATE = """<p>
{% translate "One text" %} {% translate 'Another' %}
{% blocktranslate with a=b %}A {{ a }}{% endblocktranslate %}"""


def breaks(text: str) -> bool:
    return any(re.search(rule.expression, text, re.IGNORECASE) for rule in RULES)


@pytest.mark.parametrize(("bad", "good"), EXAMPLES)
def test_each_row_of_the_style_sheet_is_a_rule(bad, good):
    assert breaks(bad)
    assert not breaks(good)


def test_each_rule_but_those_for_plain_words_has_an_example_in_the_style_sheet():
    for rule in RULES:
        assert rule.instead == "a plain word" or any(
            re.search(rule.expression, bad, re.IGNORECASE) for bad, _ in EXAMPLES
        )


def test_markdown_is_read_without_its_code_and_with_its_lines():
    assert list(markdown_texts("a.md", MARKDOWN)) == [
        Text("a.md", 1, "docs", f"A {CODE}"),
        Text("a.md", 3, "docs", "A sentence\nover two lines, with a link."),
        Text("a.md", 10, "docs", "a"),
        Text("a.md", 10, "docs", "cell"),
        Text("a.md", 12, "docs", "one"),
        Text("a.md", 12, "docs", "two words"),
    ]


def test_docstrings_and_messages_are_read_without_examples_and_with_their_lines():
    found = {(text.line, text.kind): text.content.split() for text in python_texts("a.py", PYTHON)}
    assert found == {
        (1, "docstring"): ["A", "module."],
        (7, "docstring"): ["Returns", f"{CODE}.", "The", "last", "line."],
        (16, "message"): [CODE, "is", "more", "than", "a", "name"],
    }


def test_templates_are_read_by_what_they_translate():
    assert list(template_texts("a.html", TEMPLATE)) == [
        Text("a.html", 2, "message", "One text"),
        Text("a.html", 2, "message", "Another"),
        Text("a.html", 3, "message", f"A {CODE}"),
    ]
