"""A path, as a regular expression and by segments."""

from __future__ import annotations

import re

import pytest

from macaron_django.api.routing.path_templates import PathPattern, PathTemplate, specificity


def test_specificity_counts_literal_letters_of_a_segment():
    keys = [specificity(PathTemplate(path)) for path in ("/{a}.json", "/{a}.j", "/{a}")]
    assert keys == sorted(keys)


def test_regular_expressions_are_escaped():
    assert re.match(PathTemplate("/a+b/{c}$").text, "a+b/x$")


@pytest.mark.parametrize(
    ("path", "segments", "arguments"),
    [
        ("/", [""], {}),
        ("/a//b/", ["a", "", "b", ""], {}),
        ("/{a}", [None], {"a": 0}),
        ("/{a}/{b-c}/d", [None, None, "d"], {"a": 0, "b_c": 1}),
        ("/a/{b/c}/{}/d", ["a", None, None, "d"], {"b_c": 1, "parameter": 2}),
        ("/a{b/{c}}", ["a{b", None], None),
        ("/{a}{b}/c", [None, "c"], None),
        ("/{a}/{a}", [None, None], None),
        ("/a/{greedy}/b", ["a"], None),
        ("/a/{b}-{greedy}", ["a"], None),
    ],
)
def test_a_path_by_segments(path, segments, arguments):
    template = PathTemplate(path, greedy=["greedy"])
    assert [template.segments, template.arguments] == [segments, arguments]
    assert template.is_open == ("{greedy}" in path)


def test_several_names_of_one_path_share_its_regular_expression():
    template = PathTemplate("/profiles/{id}")
    get, put = (PathPattern(template, name) for name in ("get", "put"))
    assert get.regex is put.regex
    assert [str(get), get.name, put.name] == ["^profiles/(?P<id>[^/]+)$", "get", "put"]
