"""Which server acceptance tests call, said by options or by the environment."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from macaron_django.testing import load_port_host_token
from macaron_django.testing.server_targets import ServerTarget, target_in_environment


@pytest.mark.parametrize(
    ("host", "port", "url"),
    [
        ("127.0.0.1", "8080", "http://127.0.0.1:8080"),
        ("127.0.0.1", 8080, "http://127.0.0.1:8080"),
        ("example.com", None, "http://example.com:8080"),
        ("example.com:90", None, "http://example.com:90"),
        ("example.com", "443", "https://example.com:443"),
        ("http://example.com/", None, "http://example.com:80"),
        ("https://example.com", "", "https://example.com:443"),
        ("HTTPS://example.com:8443", None, "https://example.com:8443"),
        ("https://example.com", "8443", "https://example.com:8443"),
        ("http://example.com:81", "81", "http://example.com:81"),
        ("::1", "8080", "http://[::1]:8080"),
        ("[::1]:81", None, "http://[::1]:81"),
    ],
)
def test_a_host_and_a_port_make_a_url(host, port, url):
    assert ServerTarget.parse(host, port).base_url == url


@pytest.mark.parametrize(
    ("host", "port", "complaint"),
    [
        ("", "80", "isn't a host name"),
        ("ftp://example.com", "80", "http:// or https://"),
        ("example.com/v1", "80", "isn't a host name"),
        ("user@example.com", "80", "isn't a host name"),
        ("[::1", "80", "isn't a host name"),
        ("example.com:http", None, "isn't a host name"),
        ("example.com:81", "80", "isn't 80: give the port once"),
        ("example.com", "http", "isn't a port"),
        ("example.com", "0", "isn't a port"),
        ("example.com", "65536", "isn't a port"),
        ("example.com", "-1", "isn't a port"),
        ("example.com", "²", "isn't a port"),
    ],
)
def test_what_is_no_host_or_port_is_refused(host, port, complaint):
    with pytest.raises(ValueError, match=complaint):
        ServerTarget.parse(host, port)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "https://example.com:443", "https://example.com:8443"])
def test_what_a_target_says_in_the_environment_is_read_back(url):
    target = ServerTarget.parse(url, None, "a.b.c")
    assert target_in_environment(target.environment) == target


def test_an_environment_without_a_server_names_none():
    assert target_in_environment({"PYM_JWT_TOKEN": "a.b.c", "PYM_SERVER_HOST": " "}) is None


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"PYM_SERVER_HOST": "127.0.0.1"}, "Set PYM_SERVER_PORT, too"),
        ({"PYM_SERVER_PORT": "8080"}, "Set PYM_SERVER_HOST, too"),
        ({"PYM_SERVER_HOST": "127.0.0.1", "PYM_SERVER_PORT": "x"}, "'x' isn't a port"),
    ],
)
def test_half_a_server_is_refused(environment, complaint):
    with pytest.raises(ImproperlyConfigured, match=complaint):
        target_in_environment(environment)


def test_a_target_shows_its_token_to_nobody_who_prints_it():
    assert "a.b.c" not in repr(ServerTarget.parse("example.com", 80, "a.b.c"))


def test_host_port_and_token_are_those_of_the_environment(monkeypatch):
    with pytest.raises(ImproperlyConfigured, match="PYM_SERVER_HOST and PYM_SERVER_PORT"):
        load_port_host_token()
    monkeypatch.setenv("PYM_SERVER_HOST", "http://127.0.0.1/")
    monkeypatch.setenv("PYM_SERVER_PORT", "8080")
    assert load_port_host_token() == ("127.0.0.1", 8080, None)
    monkeypatch.setenv("PYM_JWT_TOKEN", "a.b.c")
    assert load_port_host_token() == ("127.0.0.1", 8080, "a.b.c")
