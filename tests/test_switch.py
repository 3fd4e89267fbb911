"""Where data is kept is a property of a manager: the same requests, answered from the ORM and from DynamoDB."""

from __future__ import annotations

import re
from typing import Any

import pytest

BOOK = {"isbn": "9780262510875", "title": "Structure and Interpretation of Computer Programs"}


def keep_books_in_dynamodb(spec: str) -> str:
    """The library's spec with one line changed: `x-model` becomes `x-persist`."""
    return spec.replace("x-model: library.Book\n", "x-persist: {table: books, hash_key: isbn}\n")


def conversation(client) -> list[tuple[int, Any, dict[str, str]]]:
    """A client's requests and what it was answered: status, body without the error's ID, some headers."""
    merge_patch = {"Content-Type": "application/merge-patch+json"}
    requests: list[tuple[str, str, Any, dict[str, str]]] = [
        ("POST", "/library/books", BOOK, {}),
        ("POST", "/library/books", BOOK, {}),
        ("GET", f"/library/books/{BOOK['isbn']}", None, {}),
        ("GET", "/library/books", None, {}),
        ("PATCH", f"/library/books/{BOOK['isbn']}", {"pages": 657, "genre": "science"}, merge_patch),
        ("PATCH", f"/library/books/{BOOK['isbn']}", {"pages": None, "title": 7}, merge_patch),
        ("PATCH", f"/library/books/{BOOK['isbn']}", {"pages": None, "genre": None, "available": None}, merge_patch),
        ("PUT", f"/library/books/{BOOK['isbn']}", BOOK | {"published": "1996-07-25", "available": False}, {}),
        ("GET", f"/library/books/{BOOK['isbn']}", None, {}),
        ("PUT", f"/library/books/{BOOK['isbn']}", BOOK | {"isbn": "9780000000000"}, {}),
        ("PUT", "/library/books/9780000000000", BOOK | {"isbn": "9780000000000"}, {}),
        ("POST", "/library/books", {"isbn": "1", "genre": "cooking", "pages": 0, "published": "yesterday"}, {}),
        ("GET", "/library/books/9780000000000", None, {}),
        ("OPTIONS", "/library/books", None, {}),
        ("PATCH", "/library/books", {}, {}),
        ("DELETE", f"/library/books/{BOOK['isbn']}", None, {}),
        ("DELETE", f"/library/books/{BOOK['isbn']}", None, {}),
        ("GET", "/library/books", None, {}),
    ]
    answers = []
    for method, path, body, headers in requests:
        sent = {} if body is None else {"json": body}
        answer = client.request(method, path, headers=headers, **sent)
        content = answer.json() if answer.content else None
        if isinstance(content, dict) and "error_id" in content:
            assert content.pop("error_id")
        kept = {name: answer.headers[name] for name in ("content-type", "location", "allow") if name in answer.headers}
        if "location" in kept:
            kept["location"] = re.sub(r"^https?://[^/]+", "", kept["location"])
        answers.append((answer.status_code, content, kept))
    return answers


@pytest.fixture
def empty_library(example):
    """The example project without books."""
    example.manage("shell", "-c", "from library.models import Book; Book.objects.all().delete()")
    return example


def test_the_orm_and_dynamodb_answer_the_same_requests_alike(empty_library):
    spec = empty_library.folder / "example_project" / "apis" / "library.yaml"
    from_the_orm = conversation(empty_library.serve())
    empty_library.kill()

    spec.write_text(keep_books_in_dynamodb(spec.read_text("utf-8")), "utf-8")
    empty_library.manage("synctables")
    from_dynamodb = conversation(empty_library.serve())

    assert [status for status, _, _ in from_the_orm] == [
        201, 409, 200, 200, 200, 400, 200, 200, 200, 400, 404, 400, 404, 200, 405, 204, 404, 200,
    ]  # fmt: skip
    for orm, dynamodb in zip(from_the_orm, from_dynamodb, strict=True):
        assert orm == dynamodb
    assert from_the_orm[2][1] == BOOK | {"genre": "novel", "available": True}
