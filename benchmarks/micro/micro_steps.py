"""Measures each step of a request alone, to show how much of a request's cost each step causes.

    make bench-micro

The figures are CPU time of this process. Each step does the work for an ordinary profile, and its result is checked.
"""

from __future__ import annotations

from django.urls import resolve

from macaron_django.dynamodb.calls.fast_lane.signing import Signer
from macaron_django.dynamodb.codec.wire import request_body
from macaron_django.schemas.validation.validators import validator_for
from macaron_django.schemas.values.json_text import dump_json, exact_json

DAY = "20260101T000000Z"


def benchmark_reading_a_body_exactly(benchmark, text, body):
    """Measures parsing a body with the checks for duplicate keys, depth and long numbers."""
    assert benchmark(exact_json, text) == body


def benchmark_writing_an_answer(benchmark, body, text):
    assert exact_json(benchmark(dump_json, body)) == body


def benchmark_validation_of_a_valid_body(benchmark, profile_class, body):
    validator = validator_for(profile_class._spec.schema, "request")
    assert benchmark(validator.is_valid, body)


def benchmark_validation_with_defaults_and_readonly_properties(benchmark, profile_class, body):
    validator = validator_for(profile_class._spec.schema, "request")
    sent = {**body, "created": "2026-01-02T03:04:05Z"}
    assert benchmark(validator.clean, sent) == body


def benchmark_validation_of_a_body_with_three_errors(benchmark, profile_class, body):
    validator = validator_for(profile_class._spec.schema, "request")
    wrong = {**body, "age": -1, "address": {"zip": "!"}, "unknown": 1}
    assert len(benchmark(lambda: list(validator.iter_errors(wrong)))) == 3


def benchmark_conversion_of_100_items_to_json(benchmark, profile_class, item, body):
    """Measures the conversion of attribute maps, which is used if an item of a page breaks its schema."""
    json_of = profile_class.objects.persistence.json_of
    page = benchmark(lambda: dump_json([json_of(item) for _ in range(100)]))
    assert page.count(b'"person-7"') == 100


def benchmark_an_answer_of_100_items_to_json(benchmark, profile_class, item):
    """Measures the work for a page of a list, from DynamoDB's JSON to the client's JSON."""
    typed = profile_class.objects.persistence.typed_items
    answer = request_body({"Items": [item] * 100, "Count": 100})

    def page():
        return dump_json([typed.json_of(each) for each in typed.members(answer, frozenset())["Items"]])

    assert benchmark(page).count(b'"person-7"') == 100


def benchmark_conversion_of_an_item_to_a_row(benchmark, profile_class, item):
    assert benchmark(profile_class.objects.persistence.decode, item).profile_id == "person-7"


def benchmark_conversion_of_a_row_to_an_item(benchmark, profile_class, item):
    persistence = profile_class.objects.persistence
    assert benchmark(persistence.encode, persistence.decode(item)) == item


def benchmark_planning_a_get(benchmark, profile_class):
    found = profile_class.objects.filter(profile_id="person-7")
    assert benchmark(lambda: found.all().plan()).kind == "get"


def benchmark_planning_a_page(benchmark, profile_class):
    assert benchmark(lambda: profile_class.objects.all().plan()).kind == "scan"


def benchmark_signing(benchmark):
    signer = Signer("AKID", "secret", None, region="eu-west-1", service="dynamodb", host="localhost:8000")
    lines = benchmark(signer.header_lines, "DynamoDB_20120810.GetItem", b"{" + b" " * 200 + b"}", DAY)
    assert lines.startswith("X-Amz-Date: 2026")


def benchmark_routing_of_a_small_spec(benchmark):
    assert benchmark(resolve, "/profiles/person-7").kwargs == {"profile_id": "person-7"}


def benchmark_routing_of_1000_operations_first_path(benchmark):
    assert benchmark(resolve, "/large/things0/7").kwargs == {"thing_id": "7"}


def benchmark_routing_of_1000_operations_last_path(benchmark):
    assert benchmark(resolve, "/large/profiles/person-7").kwargs == {"profile_id": "person-7"}
