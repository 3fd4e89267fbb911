"""The exceptions: their page names each of them, as it is."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from macaron_django import exceptions

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "exceptions.md"


def test_the_page_lists_every_exception_with_its_base_status_and_code():
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (\d+) \| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    defined = [getattr(exceptions, name) for name in exceptions.__all__]
    assert sorted(rows) == sorted(
        (one.__name__, one.__bases__[0].__name__, str(one.status), one.code) for one in defined if inspect.isclass(one)
    )


def test_a_code_is_given_once() -> None:
    made = exceptions.add_error("PaperJam", "PAPER_JAM", 503)
    try:
        assert exceptions.code_to_class["PAPER_JAM"] is made
        with pytest.raises(ValueError, match=r"The code PAPER_JAM belongs to PaperJam: give Jam another code\."):
            exceptions.add_error("Jam", "PAPER_JAM", 503)
        with pytest.raises(ValueError, match=r"The code TOKEN_EXPIRED belongs to AuthTokenExpiredError"):
            exceptions.add_error("Jam", "TOKEN_EXPIRED", 401)
    finally:
        del exceptions.code_to_class["PAPER_JAM"]


@pytest.mark.parametrize("missing", [("", "A", 400), ("A", "", 400), ("A", "A", 0)])
def test_an_error_needs_a_name_a_code_and_a_status(missing: tuple[str, str, int]) -> None:
    with pytest.raises(ValueError, match="needs a name, a code and a status"):
        exceptions.add_error(*missing)


def test_what_breaks_a_schema_can_be_caught_as_pymacarons_programs_do() -> None:
    assert issubclass(exceptions.ValidationFailed, exceptions.InvalidParameterError)
    assert (exceptions.ValidationFailed.status, exceptions.RequestInvalid.status) == (500, 400)
