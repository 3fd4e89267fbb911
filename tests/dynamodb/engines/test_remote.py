"""The engines that run elsewhere: endpoint and aws."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from macaron_django.dynamodb.engines.aws import AWSEngine
from macaron_django.dynamodb.engines.endpoint import EndpointEngine


def test_an_endpoint_says_whether_it_can_be_reached(engine):
    engine.start()
    there, nowhere = EndpointEngine(engine.endpoint_url), EndpointEngine("http://127.0.0.1:1")
    assert there.running
    assert there.status() == f"endpoint: {engine.endpoint_url} can be reached"
    assert not nowhere.running
    assert nowhere.status() == "endpoint: http://127.0.0.1:1 does not answer"


def test_an_endpoint_is_neither_started_nor_stopped(engine):
    engine.start()
    endpoint = EndpointEngine(engine.endpoint_url)
    endpoint.start()
    endpoint.stop()
    assert not endpoint.shut_down()
    assert endpoint.running


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://db", "http://", ""])
def test_an_endpoint_that_is_no_url_is_refused(url):
    with pytest.raises(ImproperlyConfigured, match="URL"):
        EndpointEngine(url)


def test_an_endpoint_gets_the_environment_s_keys_if_there_are_any(monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    assert EndpointEngine("http://db").credentials == ("local", "local")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "alternator")
    assert EndpointEngine("http://db").credentials is None  # the standard chain, which reads them


class TestAWS:
    @pytest.fixture(autouse=True)
    def _no_region(self, monkeypatch, tmp_path):
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))

    def test_it_is_a_region_and_the_standard_chain(self):
        with override_settings(MACARON={"DYNAMODB": {"REGION": "eu-central-1"}}):
            engine = AWSEngine.from_settings()
        assert (engine.endpoint_url, engine.region, engine.credentials) == (None, "eu-central-1", None)

    @pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
    def test_the_region_may_come_from_the_environment(self, variable, monkeypatch):
        monkeypatch.setenv(variable, "us-east-2")
        assert AWSEngine.from_settings().region == "us-east-2"

    def test_the_region_may_come_from_the_profile(self, tmp_path):
        (tmp_path / "config").write_text("[default]\nregion = ap-south-1\n")
        assert AWSEngine.from_settings().region == "ap-south-1"

    def test_no_region_is_an_error_with_the_remedy(self):
        with pytest.raises(ImproperlyConfigured, match=r"MACARON\['DYNAMODB'\]\['REGION'\]"):
            AWSEngine.from_settings()
