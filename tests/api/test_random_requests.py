"""Random bodies and lookups to one API over both stores: no 5xx, answers as declared, and the same from both.

Hypothesis makes them from the spec's own schemas, and from what clients may send instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote, quote_from_bytes

import httpx
import pytest
from django.utils.dateparse import parse_datetime
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis.openapi import from_dict

KEYS = "abc"
PATCH = "application/merge-patch+json"
SYNCED = ("migrate", "--run-syncdb", "--verbosity", "0")
#: Parameters that no list of this API has.
UNDECLARED = ["name__regex", "day__year", "number__gt", "pk", "ordering", "search", "name__in", "x y", ""]
#: What no value of a parameter's schema looks like, or only just, percent-encoded.
VALUES = [
    *("", "%00", "%ff", "%C3%28", "(", "*", "[", "null", "NaN", "-Infinity", "1e400", "1e-400", "0x10", "1_0", "%2B1"),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775809", "1" * 39, "1." + "3" * 40, "9" * 400),
    *("true", "True", "1", "0", "-0", "0000-00-00", "0001-01-01", "9999-12-31", "10000-01-01", "2024-02-30"),
    *("0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "2016-12-31T23:59:60Z", "2024-01-01T00:00:00"),
    *("a,b", ",", "1,2", "1,2,3", "%25", "_", "%5C", "%27;--", "%F0%9F%92%A9", "a%CC%88", "{}", "a", "%C3%A9", "plain"),
    *("00000000-0000-0000-0000-000000000000", "ABCDEFAB-0000-0000-0000-000000000000"),
]
#: Values that a property's schema refuses, or only just accepts, as JSON.
JSON_VALUES = [
    *("null", "true", "0", "-0.0", "1.0", "1e2", "0.1", "1e-130", "1e-400", "1e400", "NaN", "5e-324", "1e308"),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775808", "1" * 39, "0." + "3" * 40),
    *('""', '" "', r'"\u0000"', r'"\ud800"', r'"\ud83d\ude00"', '"a"', '"é"', '"' + "x" * 2000 + '"'),
    *('"0001-01-01"', '"9999-12-31"', '"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59.999999999-14:00"'),
    *('"2016-12-31T23:59:60Z"', '"2024-01-01t00:00:00z"', '"2024-01-01T00:00:00.123456789Z"'),
    *('"ABCDEFAB-0000-0000-0000-000000000000"', '"plain"', "[]", '["", ""]', "[null]", "[[[]]]", "{}"),
    *('{"width": 1}', '{"width": 1.0}', '{"width": 1, "height": null}', '{"width": 1, "depth": 1}', '{"": 1}'),
    "[" * 40 + "]" * 40,
]
BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"a"',
    b"\xff",
    b'{"key":"a","key":"b","name":"x"}',
    b"[" * 5000,
    b"{}" + b" " * 99,
]
#: Any JSON.
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


class Request(NamedTuple):
    method: str
    path: str
    body: bytes | None

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.body is None else {"Content-Type": PATCH if self.method == "PATCH" else "application/json"}


class Stores:
    """Sends each request to the API over the ORM and over DynamoDB, and holds the answers against its spec."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.document = client.get("/openapi/orm.json").json()
        self.validators: dict[tuple[str, str, int], Draft202012Validator | None] = {}

    def send(self, request: Request) -> bool:
        """Send a request to both stores, and return whether they answer the same; fails where they shouldn't differ."""
        orm, dynamodb = (self._send(store, request) for store in ("orm", "dynamodb"))
        # The ORM refuses a number beyond a column's 64 bits, or takes it for no bound at all: then nulls match, too.
        is_beyond_columns = any(abs(int(digits)) >= 2**63 for digits in re.findall(r"-?[0-9]{19,}", request.path))
        assert is_beyond_columns or alike(orm, dynamodb), f"{request}\nORM:      {orm}\nDynamoDB: {dynamodb}"
        return not (is_beyond_columns or is_unstorable(orm) or is_unstorable(dynamodb))

    def clear(self) -> None:
        for store in ("orm", "dynamodb"):
            _, things = self._send(store, Request("GET", "/things", None))
            for thing in things:
                assert self._send(store, Request("DELETE", f"/things/{thing['key']}", None)) == (204, None)

    def _send(self, store: str, request: Request) -> tuple[int, Any]:
        url: str | None = f"{self.client.base_url}/{store}{request.path}"
        rows: list[Any] = []
        while url is not None:
            answer = self.client.request(request.method, url, content=request.body, headers=request.headers)
            content = self._checked(store, request, answer)
            if not isinstance(content, list):
                return answer.status_code, _shown(content) if answer.is_success and content else content
            rows += content
            assert len(rows) <= len(KEYS), "a list answers a thing twice"
            url = answer.links.get("next", {}).get("url")
        return 200, sorted((_shown(row) for row in rows), key=lambda row: row["key"])

    def _checked(self, store: str, request: Request, answer: httpx.Response) -> Any:
        path = "/things" if request.path.partition("?")[0] == "/things" else "/things/{key}"
        operation = (path, request.method.lower(), answer.status_code)
        said = f"{store}: {request}\n{answer.status_code} {answer.text[:2000]}"
        if operation not in self.validators:
            self.validators[operation] = self._validator(*operation, said)
        validator = self.validators[operation]
        if validator is None:
            assert not answer.content, said
            return None
        content = answer.json()
        assert validator.is_valid(content), said
        if answer.status_code >= 400:
            assert content.pop("error_id")
        return content

    def _validator(self, path: str, method: str, status: int, said: str) -> Draft202012Validator | None:
        responses = self.document["paths"][path][method]["responses"]
        assert str(status) in responses, said
        response = responses[str(status)]
        if "$ref" in response:
            response = self.document["components"]["responses"][response["$ref"].rpartition("/")[2]]
        if "content" not in response:
            return None
        schema = response["content"]["application/json"]["schema"]
        return Draft202012Validator({**schema, "components": self.document["components"]})


@pytest.fixture(scope="module")
def stores(case_project: Callable[..., Any]) -> Stores:
    """A project that serves one API twice: kept by the ORM, and, by another line of the spec, in DynamoDB."""
    project = case_project("stores")
    spec = (project.folder / "apis" / "orm.yaml").read_text("utf-8")
    kept = "x-persist: {table: things, hash_key: key, scan: allowed}"
    (project.folder / "apis" / "dynamodb.yaml").write_text(spec.replace("x-model: shelf.Thing", kept), "utf-8")
    project.manage(*SYNCED)
    project.manage("synctables")
    return Stores(project.serve_by("wsgi"))


def alike(orm: tuple[int, Any], dynamodb: tuple[int, Any]) -> bool:
    """Whether two answers are the same, where both databases can hold what was sent.

    What is wrong with a request and with its path may be said in either order.
    """
    in_either_order = {orm[0], dynamodb[0]} == {400, 404}
    return orm == dynamodb or in_either_order or is_unstorable(orm) or is_unstorable(dynamodb) or is_incomparable(orm)


def is_unstorable(answer: tuple[int, Any]) -> bool:
    """Whether it says that its database can't hold a value: a number in DynamoDB, a moment before the year 1 in SQL."""
    return answer[0] == 400 and any(error["keyword"] == "storable" for error in answer[1].get("errors", ()))


def is_incomparable(answer: tuple[int, Any]) -> bool:
    """Whether it says that the ORM can't compare a column with a value, such as a moment before the year 1."""
    return answer[0] == 400 and answer[1]["error_description"].endswith(
        "isn't a value that this list can be filtered by"
    )


def _shown(thing: dict[str, Any]) -> dict[str, Any]:
    """Leave out what columns don't keep: nulls, which are as what was never set there, and how a time was spelled."""
    shown = {name: value for name, value in thing.items() if value is not None}
    if "moment" in shown:
        shown["moment"] = parse_datetime(shown["moment"].upper()) or shown["moment"]
    return shown


def _encoded(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(_encoded, value))
    text = value if isinstance(value, str) else json.dumps(value)
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"))


def queries(operation: Any) -> st.SearchStrategy[str]:
    """Query strings: what the operation's parameters accept, and what they may not."""
    names = [parameter.name for parameter in operation.query]
    accepted = operation.as_strategy().map(lambda case: list(case.query.items()))
    value = st.sampled_from(VALUES) | st.text(max_size=20).map(_encoded)
    odd = st.lists(st.tuples(st.sampled_from([*names, *names, *UNDECLARED]), value), max_size=2)

    def text(parts: tuple[list[tuple[str, Any]], list[tuple[str, str]]]) -> str:
        pairs = [(name, _encoded(value)) for name, value in parts[0][:3]] + parts[1]
        return "&".join(f"{quote(name)}={value}" for name, value in pairs)

    return st.tuples(accepted | st.just([]), odd).map(text)


def bodies(operation: Any, names: list[str]) -> st.SearchStrategy[bytes]:
    """Bodies that the operation accepts, the same with other values and less properties, and anything else."""
    accepted = operation.as_strategy().map(lambda case: {name: json.dumps(value) for name, value in case.body.items()})
    without = st.sets(st.sampled_from(names), max_size=len(names))
    odd = st.dictionaries(
        st.sampled_from([*names, "other"]), st.sampled_from(JSON_VALUES) | ANYTHING.map(json.dumps), max_size=2
    )

    def text(accepted: dict[str, str], without: set[str], odd: dict[str, str]) -> bytes:
        members = [(name, value) for name, value in accepted.items() if name not in without | odd.keys()]
        return (
            "{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in [*members, *odd.items()]) + "}"
        ).encode()

    return st.one_of(
        st.builds(text, accepted, st.just(set()), st.just({})),
        st.builds(text, accepted, st.just(set()), odd),
        st.builds(text, accepted, without, odd),
        ANYTHING.map(json.dumps).map(str.encode),
        st.sampled_from(BODIES),
    )


def requests(document: dict[str, Any]) -> st.SearchStrategy[Request]:
    """Requests to create, replace, patch, read and delete the things of a few keys, and to list them."""
    api, names = from_dict(document), sorted(document["components"]["schemas"]["Thing"]["properties"])
    item = st.sampled_from([f"/things/{key}" for key in KEYS])
    body = bodies(api["/things"]["POST"], names)
    lists = st.builds(Request, st.just("GET"), queries(api["/things"]["GET"]).map("/things?{}".format), st.none())
    return st.one_of(
        st.builds(Request, st.just("POST"), st.just("/things"), body),
        st.builds(Request, st.just("PUT"), item, body),
        st.builds(Request, st.just("PATCH"), item, body),
        st.builds(Request, st.sampled_from(["GET", "DELETE"]), item, st.none()),
        lists,
        lists,
    )


@pytest.mark.parametrize("moment", ["2016-12-31T23:59:60Z", "0001-01-01T00:00:00%2B14:00"])
def test_a_moment_that_no_datetime_can_be_is_refused_in_the_packages_words(stores: Stores, moment: str) -> None:
    orm = stores._send("orm", Request("GET", f"/things?moment={moment}", None))
    assert orm[1]["error_description"] == "/moment: isn't a value that this list can be filtered by"
    assert is_incomparable(orm)


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # of the strategies, where a test has failed
@pytest.mark.parametrize("examples", [15, pytest.param(10_000, marks=pytest.mark.soak)])
def test_both_stores_answer_random_requests_alike_and_as_declared(stores: Stores, examples: int) -> None:
    made = requests(stores.document)

    @settings(
        max_examples=examples,
        derandomize=examples < 1000,  # in the ordinary suite the same ones each time
        deadline=None,
        print_blob=True,
        report_multiple_bugs=False,
        phases=[phase for phase in Phase if phase is not Phase.explain],  # which takes longer than all others
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def check(sent: st.DataObject) -> None:
        stores.clear()
        for _ in range(sent.draw(st.integers(1, 20), label="requests")):
            if not stores.send(sent.draw(made)):
                return  # only one of the databases has it now
        stores.send(Request("GET", "/things?limit=2", None))

    check()
