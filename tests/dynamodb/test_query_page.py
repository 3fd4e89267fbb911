"""``docs/reference/queries.md`` says which call a query set becomes: as ``explain()`` says it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from macaron_django.dynamodb import Persistence
from macaron_django.exceptions import QueryError

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "queries.md").read_text("utf-8")
CALLS, REFUSED = (
    re.findall(r"^\| `(objects\..*?)` \| (.*) \|$", section, re.MULTILINE) for section in PAGE.split("Refused:")
)


@pytest.mark.usefixtures("embedded")
def test_each_query_set_becomes_the_call_of_its_row(make_rows: Callable[..., Persistence]) -> None:
    schema = yaml.safe_load(re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1])  # type: ignore[index]
    persistence = make_rows(schema, **schema["x-persist"])
    objects = persistence.model.objects
    prefix = persistence.table_name.removesuffix("orders")
    assert len(CALLS) > 20
    for query_set, call in CALLS:
        explained = eval(query_set, {"objects": objects}).explain()  # noqa: S307 (the page's own text)
        assert explained.splitlines()[0].replace(prefix, "") == call, query_set
    assert len(REFUSED) > 5
    for query_set, reason in REFUSED:
        with pytest.raises(QueryError) as refused:
            eval(query_set, {"objects": objects}).explain()  # noqa: S307 (the page's own text)
        told = f"{type(refused.value).__name__}: {str(refused.value).replace(prefix, '')}"
        name, _, sentence = reason.partition(": ")
        assert told.startswith(name), (query_set, told)
        assert sentence in told, (query_set, told)
