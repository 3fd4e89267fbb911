"""Operations whose URLs share a name are found."""

from __future__ import annotations

import pytest

from macaron_django.api import build_viewsets
from macaron_django.schemas import Classes


def operation(name=None, *parameters):
    described = [{"name": each, "in": "path", "required": True, "schema": {"type": "string"}} for each in parameters]
    named = {} if name is None else {"operationId": name}
    bound = {"x-bind-server": "tests.api.test_url_name_checks.answer"}
    return {"get": {**named, **bound, "parameters": described, "responses": {"200": {"description": "Good."}}}}


def answer(**arguments):
    return arguments


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        ({"/a-b": operation(), "/a_b": operation(), "/a/b": operation()}, ["/a_b", "/a/b"]),
        ({"/a": operation(), "/a/": operation()}, ["/a/"]),
        ({"/a-b": operation("one"), "/a_b": operation("two"), "/a/b": operation()}, []),
        ({"/a-b": operation("get_x"), "/x": operation()}, ["/x"]),
        ({"/a": operation("a:b"), "/b": operation("a_b")}, ["/b"]),
        ({"/a/{b}": operation(None, "b"), "/a-b": operation()}, []),
        ({"/a/{b}": operation(None, "b"), "/a-{b}": operation(None, "b")}, ["/a-{b}"]),
        ({"/a": operation("same"), "/b": operation("same")}, []),
    ],
)
def test_operations_whose_urls_share_a_name_are_named(document, paths, found):
    described = document(paths, security=[])
    findings = build_viewsets("test", described, Classes("test", described)).findings()
    operations = {operation.location: operation.path for operation in described.operations}
    assert [(each.id, operations[each.location]) for each in findings] == [("W311", path) for path in found]
