"""JSON text is read and written without losing a digit, a name or a character."""

import datetime as dt
import json
import math
from decimal import Decimal
from uuid import UUID

import pytest
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from macaron_django.schemas.values import json_text
from macaron_django.schemas.values.json_text import JSONTextError, count_containers, dump_json, exact_json

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30, places=25)
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=15)


def digits(value):
    """The value with every number by its decimal digits: 1e-25 the float and the Decimal are the same number."""
    if isinstance(value, dict):
        return {name: digits(member) for name, member in value.items()}
    if isinstance(value, list):
        return [digits(element) for element in value]
    return Decimal(repr(value)) if isinstance(value, float) else value


@given(VALUES)
def test_what_is_written_is_read_back_equal(value):
    assert digits(exact_json(dump_json(value))) == digits(value)


@given(VALUES, st.booleans(), st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t: ")]))
def test_spacing_and_escapes_make_no_difference(value, ascii_only, separators):
    plain = json.loads(dump_json(value))
    text = json.dumps(plain, ensure_ascii=ascii_only, separators=separators)
    assert exact_json(text.encode()) == plain


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?", fullmatch=True))
def test_a_number_keeps_its_value_to_the_last_digit(text):
    number = exact_json(text)
    exact = Decimal(text)
    assert (Decimal(repr(number)) if isinstance(number, float) else Decimal(number)) == exact
    assert isinstance(number, int) == (not set(text) & set(".eE"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1", int),
        ("9" * 4300, int),
        ("1.0", float),
        ("0.1", float),
        ("1e400", Decimal),
        ("0.1000000000000000001", Decimal),
    ],
)
def test_a_number_is_an_int_a_float_or_a_decimal_by_how_it_is_written(text, kind):
    assert type(exact_json(text)) is kind


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "{", "[1,]", "{'a':1}", "01", "1.", ".5", "+1", "NaN", "-Infinity", "nul",
        '"\t"', '"\\x"', "1 2", "\x00",
        '{"a":1,"a":1}', '{"\\u0061":1,"a":1}', '[{"b":{"a":1,"a":1}}]', '"\\ud800"', '{"\\udc00":1}', "9" * 4301,
        "1e4301", "0." + "1" * 4301, "\ufeff\ufeff1",
    ],
)  # fmt: skip
def test_text_that_is_no_json_or_has_no_single_meaning_is_refused(text):
    with pytest.raises(JSONTextError):
        exact_json(text)
    with pytest.raises(JSONTextError):
        exact_json(text.encode())


def test_the_place_of_a_mistake_is_told():
    with pytest.raises(JSONTextError) as caught:
        exact_json(b'{"a": 1,\n "b": }')
    assert (caught.value.line, caught.value.column) == (2, 7)


def test_a_surrogate_pair_is_a_character():
    assert exact_json(b'"\\ud83d\\ude00"') == "😀"


@pytest.mark.parametrize("depth", [1, 100, 500])
def test_depth_is_counted_before_anything_is_parsed(depth):
    fits, too_deep = b"[" * depth + b"]" * depth, b"[" * (depth + 1) + b"]" * (depth + 1)
    assert exact_json(fits, max_depth=depth) is not None
    with pytest.raises(JSONTextError, match=f"more than {depth} levels deep"):
        exact_json(too_deep, max_depth=depth)
    assert exact_json(json.dumps("[" * 9999).encode(), max_depth=depth) == "[" * 9999


@pytest.mark.parametrize("piece", [1, 2, 7, 65_536])
def test_brackets_are_counted_outside_of_strings_only(monkeypatch, piece):
    monkeypatch.setattr(json_text, "_PIECE", piece)
    value = [{"[": "\\", "a": ['"', '\\"[{', "é]"]}, "]]", [[{}], "\\\\"], "{"]
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        assert count_containers(text) == count_containers(text.encode("utf-16")) == 6
        assert exact_json(text, max_depth=4) == value
    with pytest.raises(JSONTextError, match="more than 3 levels deep"):
        exact_json(json.dumps([value]), max_depth=3)


def test_a_string_of_escaped_quotes_that_does_not_end_is_read_once(monkeypatch):
    text = b"[" + b"[]," * 600 + b'"' + b'\\"' * 200_000  # 20 minutes, when each quote was taken for a beginning
    with pytest.raises(JSONTextError):
        exact_json(text)


def test_the_limit_of_depth_can_not_be_raised_beyond_what_the_stack_holds():
    with pytest.raises(JSONTextError, match="more than 500 levels deep"):
        exact_json(b"[" * 100_000 + b"]" * 100_000, max_depth=10**6)


def test_what_conversions_and_handlers_produce_is_written():
    class Money:
        def to_json(self):
            return {"amount": Decimal("1.10")}

    value = {
        "moment": dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc),
        "day": dt.date(2026, 1, 1),
        "clock": dt.time(12, 30),
        "long": dt.timedelta(days=1),
        "id": UUID(int=1),
        "bytes": b"\x00\xff",
        "set": {"b", "a"},
        "lazy": gettext_lazy("text"),
        "money": Money(),
        "big": 10**30,
    }
    expected = {
        "moment": "2026-01-01T00:00:00Z",
        "day": "2026-01-01",
        "clock": "12:30:00",
        "long": "P1DT00H00M00S",
        "id": "00000000-0000-0000-0000-000000000001",
        "bytes": "AP8=",
        "set": ["a", "b"],
        "lazy": "text",
        "money": {"amount": 1.1},
    }
    # With and without the integer that only the exact writer takes.
    assert exact_json(dump_json(value)) == {**expected, "big": 10**30}
    assert exact_json(dump_json({name: value[name] for name in expected})) == expected


def test_numbers_without_a_json_form_are_null():
    assert dump_json([math.nan, math.inf, Decimal("NaN"), 10**30]) == b"[null,null,null,1" + b"0" * 30 + b"]"
    assert dump_json([math.nan, -math.inf]) == b"[null,null]"


def test_names_are_written_as_the_standard_library_does():
    assert dump_json({1: "a", None: "b", 1.5: "c", False: "d"}) == b'{"1":"a","null":"b","1.5":"c","false":"d"}'
    with pytest.raises(TypeError, match="can't be a tuple"):
        dump_json({(1, 2): 3})


def test_a_value_without_a_json_form_is_named():
    with pytest.raises(TypeError, match="object has no JSON form"):
        dump_json([object()])


def test_any_depth_is_written():
    value = []
    for _ in range(5000):
        value = [value]
    assert dump_json(value) == b"[" * 5001 + b"]" * 5001


def test_a_name_that_occurs_twice_is_found_among_many():  # what it costs: tests/api/test_request_cost.py
    names = ",".join(f'"{number}":1' for number in range(30_000))
    with pytest.raises(JSONTextError, match='the name "last" occurs twice'):
        exact_json(f'{{{names},"last":1,"last":1}}')


@pytest.mark.parametrize(
    ("text", "is_twice"),
    [
        ('{"a":1.0,"b":{"c":[{"d":1e2}]}}', False),
        ('{"a":1,"b":{"c":[{"d":1,"d":1}]}}', True),
        ('{"a:b":1.00,"\\":\\\\":2.0}', False),
        ('[{"a":1},{"a":1,"a":2}]', True),
    ],
)
def test_a_long_text_with_a_name_twice_is_refused_before_it_is_read_again(monkeypatch, text, is_twice):
    monkeypatch.setattr(json_text, "_LONGEST_NAMED", 0)
    if is_twice:
        with pytest.raises(JSONTextError, match=r"^a name occurs twice in one object$"):
            exact_json(text)
    else:
        assert exact_json(text) == json.loads(text)
