"""The exceptions: their page names each of them, as it is."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from macaron_django import exceptions

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "exceptions.md"


def test_the_page_lists_every_exception_with_its_base_status_and_code():
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (\d+) \| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    defined = [getattr(exceptions, name) for name in exceptions.__all__]
    assert sorted(rows) == sorted(
        (one.__name__, one.__bases__[0].__name__, str(one.status), one.code) for one in defined if inspect.isclass(one)
    )
