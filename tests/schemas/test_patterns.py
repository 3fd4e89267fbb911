import jsonschema_rs
import pytest

from macaron_django.schemas import compile_schema
from macaron_django.schemas.validation.patterns import bounded_pattern

SHORTENED = [
    r"^[a-c]{1,200}$",
    r"^[^\u0000\u0085\u2028\u2029\r\n]{0,100}$",
    r"^.{3,70}$",
    r"^\w{80}$",
    r"^\p{L}{70,}$",
    r"^[\w\-\]]{2,99}$",
    r"[a-c]{2,200}",
    r"^[a-c]{0,200}",
    r"[a-c]{3,200}$",
]
LENGTHS = (0, 1, 2, 3, 4, 69, 70, 71, 79, 80, 81, 98, 99, 100, 101, 199, 200, 201)


@pytest.mark.parametrize("pattern", SHORTENED)
def test_a_shortened_pattern_accepts_what_the_whole_one_does(pattern):
    assert bounded_pattern(pattern) is not None
    whole = jsonschema_rs.Draft202012Validator({"pattern": pattern})
    ours = compile_schema({"pattern": pattern})
    texts = [unit * length for unit in ("a", "é", "😀", "-", "\n", "]") for length in LENGTHS]
    texts += [before + "a" * length + after for before in ("", "é", "\n") for after in ("", "-") for length in LENGTHS]
    for value in (*texts, 7, None, ["a"] * 300):
        assert ours.is_valid(value) is whole.is_valid(value), value


@pytest.mark.parametrize(
    "pattern",
    ["^[a-z]{1,63}$", "^[a-z]{90,80}$", "^([a-z]{1,900})$", "^[a-z]{1,900}x$", "^[a-z]{900}", "[a-z]{,900}", "^x*$"],
)
def test_any_other_pattern_stays_as_it_is(pattern):
    assert bounded_pattern(pattern) is None


def test_bounds_of_length_that_stand_beside_it_hold_as_well():
    validator = compile_schema({"pattern": "^[a-z]{2,900}$", "minLength": 1, "maxLength": 5})
    assert [validator.is_valid("a" * length) for length in (1, 2, 5, 6)] == [False, True, True, False]
    (violation,) = validator.iter_errors("abcdef")
    assert violation.keyword == "maxLength"
    tight = compile_schema({"pattern": "^[a-z]{2,900}$", "minLength": 4})
    assert [tight.is_valid("a" * length) for length in (3, 4, 900, 901)] == [False, True, True, False]


def test_a_schema_in_the_place_of_data_keeps_its_pattern():
    value = {"pattern": "^[a-z]{1,900}$"}
    assert compile_schema({"const": value}).is_valid(value)
