"""Real documents: none crashes the reader, hangs it, or takes long. The folder is named by MACARON_SPEC_CORPUS."""

import csv
import os
from pathlib import Path

import jsonschema_rs
import orjson
import pytest

from macaron_django.management.checkspec_reports import report_on
from macaron_django.openapi import check, load, publish

FOLDER = os.environ.get("MACARON_SPEC_CORPUS")
MANIFEST = Path(FOLDER or "", "manifest.csv")


def rows():
    if not FOLDER or not MANIFEST.is_file():
        return []
    with MANIFEST.open(encoding="utf-8", newline="") as stream:
        return [pytest.param(row, id=row["path"]) for row in csv.DictReader(stream)]


if FOLDER:

    def test_the_corpus_is_where_the_environment_says():
        assert MANIFEST.is_file(), f"MACARON_SPEC_CORPUS is {FOLDER!r}, but {MANIFEST} doesn't exist."


if rows():

    @pytest.mark.parametrize("row", rows())
    def test_a_real_document_is_read_whole(row):
        document = load(Path(FOLDER, row["path"]))
        assert document.version == row["version"]
        assert len(document.operations) >= int(row["operations"] or 0)
        for operation in document.operations:
            assert operation.route.endswith(operation.path)
            assert operation.parameters is not None
            assert operation.request_body is None or operation.request_body.content is not None
            assert operation.responses is not None
        accepted = "yes" in (row["valid"], row["meta_valid"])
        for schema in document.schemas.values():
            assert schema.types is not None
            assert schema.nullable in (True, False)
            assert all(property_.schema.types is not None for property_ in schema.properties.values())
            bundle = schema.bundle("request")
            if accepted and len(bundle.get("$defs", ())) < 100:
                assert jsonschema_rs.Draft202012Validator(bundle)
        served = orjson.loads(orjson.dumps(publish(document, base_path="/served")))
        assert len(load(served).operations) == len(document.operations)
        for found in check(document):
            assert str(found)
            assert found.hint

    @pytest.mark.soak
    def test_every_serializer_and_validator_of_ninety_nine_in_a_hundred_is_built():
        accepted, faults = 0, []
        for row in (each.values[0] for each in rows()):
            report = report_on(Path(FOLDER, row["path"]))
            unbuilt = [found for found in report.findings if found.id in ("E200", "E201", "E202")]
            assert all(found.id != "E200" for found in unbuilt), unbuilt
            if "yes" in (row["valid"], row["meta_valid"]):
                accepted += 1
                faults += [row["path"]] if unbuilt or not report.readable else []
            else:
                assert report.findings, f"{row['path']} is refused elsewhere, and nothing is said of it."
        assert len(faults) <= accepted / 100, faults
