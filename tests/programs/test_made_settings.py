"""Settings are made for a program that has none, and are safe."""

from __future__ import annotations

from pathlib import Path

import pytest

from macaron_django.conf.pym_config_files import PymConfig
from macaron_django.programs.command_line import get_port
from macaron_django.programs.made_settings import made_settings, settings_module


def config(**values: object) -> PymConfig:
    return PymConfig(Path("pym-config.yaml"), values, {})


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "ALLOWED_HOSTS", "PORT", "PYM_SERVER_PORT"):
        monkeypatch.delenv(name, raising=False)


def test_the_secret_key_is_the_same_in_every_process_of_a_service_and_isnt_its_jwt_secret() -> None:
    keys = [str(made_settings(Path(), config(jwt_secret=secret))["SECRET_KEY"]) for secret in ("one", "one", "two")]
    assert keys[0] == keys[1] != keys[2]
    assert len(keys[0]) == 64
    assert "one" not in keys[0]


def test_without_a_secret_the_key_is_made_anew() -> None:
    assert made_settings(Path(), None)["SECRET_KEY"] != made_settings(Path(), config())["SECRET_KEY"]


def test_the_environment_says_the_key_and_the_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "given")
    monkeypatch.setenv("ALLOWED_HOSTS", "a.example.com, b.example.com")
    found = made_settings(Path(), config(live_url="https://greeter.example.com:8443/x"))
    assert (found["SECRET_KEY"], found["ALLOWED_HOSTS"]) == ("given", ["a.example.com", "b.example.com"])


def test_a_service_answers_to_its_own_host_and_the_local_ones() -> None:
    found = made_settings(Path(), config(live_url="https://greeter.example.com:8443/x"))
    assert found["ALLOWED_HOSTS"] == ["greeter.example.com", "localhost", "127.0.0.1", "[::1]"]
    assert found["DEBUG"] is False


def test_a_folders_own_settings_are_found(tmp_path: Path) -> None:
    assert settings_module(tmp_path) is None
    for package in ("one", "two"):
        (tmp_path / package).mkdir()
    (tmp_path / "one" / "settings.py").touch()
    assert settings_module(tmp_path) == "one.settings"
    (tmp_path / "two" / "settings.py").touch()
    assert settings_module(tmp_path) is None
    (tmp_path / "settings.py").touch()
    assert settings_module(tmp_path) == "settings"
    (tmp_path / "manage.py").write_text("os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'two.settings')\n")
    assert settings_module(tmp_path) == "two.settings"


def test_the_port_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert get_port() == 80
    monkeypatch.setenv("PYM_SERVER_PORT", "8080")
    assert get_port() == 8080
    monkeypatch.setenv("PORT", "8081")
    assert get_port() == 8081
    monkeypatch.setenv("PORT", "http")
    with pytest.raises(SystemExit, match="PORT is 'http': it must be a number"):
        get_port()
