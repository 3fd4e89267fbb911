import copy
import datetime as dt
import pickle
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from macaron_django import openapi as spec
from macaron_django.schemas import UNSET, APIObject, Classes, converter, json_value
from macaron_django.schemas.values.json_text import dump_json

UTC = dt.timezone.utc
SOME_UUID = UUID("2eb8aa08-aa98-11ea-b4aa-73b441d16380")


def text(name):
    return {"type": "string", "format": name}


def an_object(*required, **properties):
    return {"type": "object", "required": list(required), "properties": properties}


def the(name):
    return {"$ref": f"#/components/schemas/{name}"}


def conversion(schema, **others):
    document = spec.load(
        {
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {},
            "components": {"schemas": {"It": schema, **others}},
        }
    )
    return converter(document.schemas["It"], Classes("t", document))


def test_unset_is_one_falsy_object_however_it_is_copied():
    assert not UNSET
    assert repr(UNSET) == "UNSET"
    assert copy.copy(UNSET) is copy.deepcopy(UNSET) is type(UNSET)() is UNSET
    assert pickle.loads(pickle.dumps(UNSET)) is UNSET  # noqa: S301


@pytest.mark.parametrize(
    ("schema", "json", "python"),
    [
        ({"type": "string"}, "x", "x"),
        (text("date-time"), "2026-01-01T00:00:00Z", dt.datetime(2026, 1, 1, tzinfo=UTC)),
        (text("date"), "2026-01-31", dt.date(2026, 1, 31)),
        ({"type": ["string", "null"], "format": "date"}, "2026-01-31", dt.date(2026, 1, 31)),
        ({"anyOf": [text("date"), {"type": "null"}]}, "2026-01-31", dt.date(2026, 1, 31)),
        (text("byte"), "aGVsbG8=", b"hello"),
        (text("uuid"), str(SOME_UUID), SOME_UUID),
        (text("decimal"), "1.50", Decimal("1.50")),
        ({"type": "integer"}, 10**40, 10**40),
        ({"type": "number"}, 0.1, 0.1),
        ({"type": "number"}, Decimal("0.12345678901234567890123"), Decimal("0.12345678901234567890123")),
        ({"type": "boolean"}, True, True),
        ({"type": "array", "items": text("date")}, ["2026-01-31"], [dt.date(2026, 1, 31)]),
        ({"additionalProperties": text("date"), "type": "object"}, {"a": "2026-01-31"}, {"a": dt.date(2026, 1, 31)}),
        ({"type": "object"}, {"a": {"b": [1]}}, {"a": {"b": [1]}}),
        ({}, {"a": "2026-01-31"}, {"a": "2026-01-31"}),
        ({"type": ["string", "integer"], "format": "date"}, "2026-01-31", "2026-01-31"),
    ],
)
def test_json_becomes_python_and_back_and_python_stays_python(schema, json, python):
    it = conversion(schema)
    assert it.to_python(json) == python
    assert type(it.to_python(json)) is type(python)
    assert it.to_json(python) == json
    assert it.to_python(python) == python


@pytest.mark.parametrize("value", ["no date", 5, None, ["2026"], True])
def test_what_a_schema_does_not_mean_passes_through_for_the_validator_to_refuse(value):
    assert conversion(text("date")).to_python(value) == value


def test_numbers_become_what_holds_them_exactly():
    integer, number = conversion({"type": "integer"}), conversion({"type": "number"})
    assert type(integer.to_python(3.0)) is int
    assert type(integer.to_python(Decimal("3.0"))) is int
    assert integer.to_python(Decimal("3.5")) == Decimal("3.5")
    assert type(number.to_python(Decimal("0.5"))) is float
    assert type(number.to_python(Decimal("0.10000000000000000001"))) is Decimal
    assert type(number.to_python(3)) is int
    assert number.to_python(Decimal("NaN")).is_nan()
    assert number.to_python(Decimal("1E+999")) == Decimal("1E+999")


def test_numbers_with_x_decimal_are_always_decimals():
    money = {"type": "number", "x-decimal": True}
    for it in (
        conversion(money),
        conversion({"type": ["number", "null"], "x-decimal": True}),
        conversion({"anyOf": [the("Any"), {"type": "null"}], "x-decimal": True}, Any={"type": "number"}),
        conversion(the("Money"), Money=money),
    ):
        for number in (3, 3.0, 0.1, -1.5e-7, Decimal("19.9")):
            python = it.to_python(number)
            assert type(python) is Decimal
            assert python == Decimal(str(number))
            assert dump_json(it.to_json(python)) == str(python).encode()
        assert it.to_python(0.1) + it.to_python(0.2) == Decimal("0.3")
        for other in (True, None, "0.1", [1]):
            assert it.to_python(other) is other
    amounts = conversion({"type": "array", "items": money}).to_python([1, 0.5])
    assert [type(each) for each in amounts] == [Decimal, Decimal]
    for other in ({"type": "integer", "x-decimal": True}, {"type": "number", "x-decimal": "yes"}, {"type": "number"}):
        assert type(conversion(other).to_python(3)) is int


def test_a_set_stays_one_and_is_written_in_order():
    it = conversion({"type": "array", "items": {"type": "string"}})
    assert it.to_python({"b", "a"}) == {"a", "b"}
    assert it.to_json({"b", "a"}) == ["a", "b"]


def test_objects_become_api_objects_at_every_depth():
    it = conversion(
        {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
        Node=an_object(at=text("date"), below={"type": "array", "items": the("Node")}),
    )
    json = [{"at": "2026-01-31", "below": [{"at": "2026-02-01"}]}]
    python = it.to_python(json)
    assert isinstance(python[0].below[0], APIObject)
    assert python[0].below[0].at == dt.date(2026, 2, 1)
    assert it.to_json(python) == json
    assert it.to_python(python)[0] is python[0]


def test_an_array_may_hold_arrays_of_itself():
    it = conversion({"type": "array", "items": {"$ref": "#/components/schemas/It"}})
    assert it.to_python([[], [[]]]) == [[], [[]]]


KINDS = {
    "Cat": an_object("lives", kind={"type": "string"}, lives={"type": "integer"}),
    "Dog": an_object("born", kind={"type": "string"}, born=text("date")),
}
BRANCHES = [the("Cat"), the("Dog")]


def test_the_discriminator_says_which_class_an_object_gets():
    it = conversion({"oneOf": BRANCHES, "discriminator": {"propertyName": "kind"}}, **KINDS)
    dog = it.to_python({"kind": "Dog", "born": "2026-01-31"})
    assert (type(dog).__name__, dog.born) == ("Dog", dt.date(2026, 1, 31))
    assert it.to_json(dog) == {"kind": "Dog", "born": "2026-01-31"}
    assert it.to_python({"kind": "Cow"}) == {"kind": "Cow"}


def test_without_a_discriminator_the_only_valid_branch_does():
    it = conversion({"oneOf": BRANCHES}, **KINDS)
    assert type(it.to_python({"lives": 9})).__name__ == "Cat"
    assert it.to_python({}) == {}


def test_an_heir_in_swagger_2_gets_its_own_class():
    document = spec.load(
        {
            "swagger": "2.0",
            "info": {"title": "t", "version": "1"},
            "paths": {},
            "definitions": {
                "Pet": {**an_object("kind", kind={"type": "string"}), "discriminator": "kind"},
                "Dog": {"allOf": [{"$ref": "#/definitions/Pet"}, an_object(bark={"type": "string"})]},
            },
        }
    )
    it = converter(document.schemas["Pet"], Classes("t", document))
    assert type(it.to_python({"kind": "Dog", "bark": "wuff"})).__name__ == "Dog"
    assert type(it.to_python({"kind": "Pet"})).__name__ == "Pet"


def test_a_value_without_a_schema_is_written_by_its_type():
    given = {"at": dt.datetime(2026, 1, 1, tzinfo=UTC), "id": UUID(int=1), "in": dt.timedelta(days=1), "raw": b"hello"}
    assert json_value({**given, "set": {2, 1}, "no": None, "n": Decimal("1.5")}) == {
        "at": "2026-01-01T00:00:00Z",
        "id": "00000000-0000-0000-0000-000000000001",
        "in": "P1D",
        "raw": "aGVsbG8=",
        "set": [1, 2],
        "no": None,
        "n": Decimal("1.5"),
    }


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30)
    | st.datetimes(timezones=st.just(UTC)).map(lambda value: value.isoformat())
    | st.uuids().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FORMATS = ["date-time", "date", "time", "duration", "uuid", "decimal", "byte", "binary"]
CONVERSIONS = [
    *(conversion({"type": "string", "format": name}) for name in FORMATS),
    *(conversion({"type": kind}) for kind in ("integer", "number", "object", "array", "string")),
    conversion({"oneOf": BRANCHES}, **KINDS),
    conversion({"type": "object", "properties": {"a": {"$ref": "#/components/schemas/It"}, "b": {"type": "number"}}}),
    conversion({"type": "array", "items": {"$ref": "#/components/schemas/It"}}),
]


def digits(value):
    """The value with each number as its own digits: 0.33 is what JSON says, whichever type holds it."""
    if isinstance(value, dict):
        return {name: digits(member) for name, member in value.items()}
    if isinstance(value, list):
        return [digits(item) for item in value]
    return Decimal(repr(value)) if isinstance(value, float) else value


@given(st.sampled_from(CONVERSIONS), JSON)
def test_no_json_value_is_changed_by_going_to_python_and_back(it, value):
    # A Decimal is the Python value of a text of this format, and a number, which its schema refuses, at once.
    assume(not (it is CONVERSIONS[FORMATS.index("decimal")] and isinstance(value, Decimal)))
    assert digits(it.to_json(it.to_python(value))) == digits(value)
