"""PyMacaron's pym-config.yaml feeds the settings, after MACARON and before the defaults."""

from __future__ import annotations

import io
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from macaron_django.auth import generate_token, load_auth_token
from macaron_django.checks import check_exposure, check_pym_config, check_settings
from macaron_django.conf import get_config
from macaron_django.conf import settings as macaron
from macaron_django.conf.project_config import get_config_path
from macaron_django.conf.pym_config_files import read_pym_config

SECRET = "a secret of the test suite that is long enough"
TEXT = """
name: hello
live_url: https://hello.example.com:8443/
jwt_issuer: api.example.com
jwt_audience: example
jwt_secret: HELLO_JWT_SECRET
jwt_token_timeout: 60
env_secrets:
  - HELLO_JWT_SECRET
  - HELLO_UNSET
greeting: Bonjour
pass_phrase: HELLO_UNSET
macaron:
  PAGE_SIZE: 20
  JWT: {LEEWAY: 0}
  BASE_PATHS: {hello: /v2}
"""


@pytest.fixture
def write(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes a file into the project's folder."""
    settings.BASE_DIR = tmp_path
    settings.MACARON = {}
    monkeypatch.delenv("PYM_ENV", raising=False)
    monkeypatch.setenv("HELLO_JWT_SECRET", SECRET)
    monkeypatch.delenv("HELLO_UNSET", raising=False)

    def written(text: str = TEXT, name: str = "pym-config.yaml", **macaron: Any) -> Path:
        (tmp_path / name).write_text(text, "utf-8")
        read_pym_config.cache_clear()
        settings.MACARON = macaron
        return tmp_path / name

    yield written
    macaron.use_file(None)


def test_the_documented_keys_feed_the_settings(write: Callable[..., Path]) -> None:
    write()
    assert (macaron.JWT.SECRET, macaron.JWT.ISSUER, macaron.JWT.AUDIENCE) == (SECRET, "api.example.com", "example")
    assert (macaron.JWT.EXPIRE_IN, macaron.JWT.LEEWAY, macaron.JWT.MAX_TOKEN_SIZE) == (60, 0, 16384)
    assert (macaron.PAGE_SIZE, macaron.MAX_PAGE_SIZE) == (20, 1000)
    assert macaron.BASE_PATHS == {"hello": "/v2"}
    claims = load_auth_token(generate_token("ada"), load=False)
    assert (claims["iss"], claims["aud"], claims["exp"] - claims["iat"]) == ("api.example.com", "example", 60)


def test_macaron_counts_first_key_by_key(write: Callable[..., Path]) -> None:
    write(PAGE_SIZE=7, JWT={"ISSUER": "other"})
    assert (macaron.PAGE_SIZE, macaron.JWT.ISSUER, macaron.JWT.AUDIENCE) == (7, "other", "example")
    assert get_config().jwt_issuer == "other"


def test_the_file_of_the_environment_is_read_in_the_place_of_the_general_one(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("name: general\n")
    write("name: live\n", "pym-config.live.yaml")
    assert get_config().name == "general"
    monkeypatch.setenv("PYM_ENV", "live")
    assert get_config().name == "live"
    monkeypatch.setenv("PYM_ENV", "staging")
    assert get_config().name == "general"


def test_an_environment_is_a_name_and_no_path(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    write()
    monkeypatch.setenv("PYM_ENV", "../other/live")
    with pytest.raises(ImproperlyConfigured, match=r"PYM_ENV is '\.\./other/live'"):
        _ = get_config().name


def test_get_config_has_every_key_and_what_follows_from_them(write: Callable[..., Path]) -> None:
    path = write()
    config = get_config()
    assert (config.name, config.greeting, config.jwt_secret) == ("hello", "Bonjour", SECRET)
    assert (config.live_host, config.config_path) == ("hello.example.com", str(path))
    assert config.apis_path == str(path.parent / "apis")
    assert (config.report_call_exceeding_ms, config.jwt_token_renew_after) == (1000, 10800)
    assert get_config_path() == str(path)
    with pytest.raises(AttributeError, match=r"pym-config.yaml has no key 'greting'. Did you mean greeting\?"):
        _ = config.greting
    with pytest.raises(AttributeError, match=r'jwt_secret is a setting: give it as MACARON\["JWT"\]\["SECRET"\]'):
        config.jwt_secret = "x"


def test_load_pym_config_reads_another_file(write: Callable[..., Path], tmp_path: Path) -> None:
    write()
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "pym-config.test.yaml").write_text("name: other\njwt_audience: others\n")
    get_config().load_pym_config(path=str(other), env="test")
    assert (get_config().name, macaron.JWT.AUDIENCE) == ("other", "others")
    with pytest.raises(ImproperlyConfigured, match=r"There is no pym-config.yaml in .*elsewhere"):
        get_config().load_pym_config(path=other)


def test_a_secret_that_the_environment_lacks_is_no_secret_and_a_warning(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HELLO_JWT_SECRET")
    path = write()
    assert macaron.JWT.SECRET is None
    assert get_config().pass_phrase is None
    with pytest.raises(ImproperlyConfigured, match="No token can be signed"):
        generate_token("ada")
    assert [(each.id, each.msg) for each in check_pym_config(None)] == [
        (
            "macaron_django.W123",
            f"{path}: {key} has no value, because the environment variable {name} isn't set.",
        )
        for key, name in (("jwt_secret", "HELLO_JWT_SECRET"), ("pass_phrase", "HELLO_UNSET"))
    ]


def test_a_misspelt_key_is_a_warning_with_the_nearest_name_and_a_key_of_ones_own_is_not(
    write: Callable[..., Path],
) -> None:
    path = write("jwt_secrt: x\nuuid_file_path: /tmp/x\nmacaron: {PAGESIZE: 3}\n")
    (warning,) = check_pym_config(None)
    assert (warning.id, warning.msg) == ("macaron_django.W122", f"{path} has an unknown key 'jwt_secrt'.")
    assert warning.hint == "Did you mean 'jwt_secret'? `manage.py explaincheck W122` explains it."
    (error,) = check_settings(None)
    assert (error.id, error.msg) == ("macaron_django.E101", f"{path}: macaron has no key 'PAGESIZE'.")
    assert error.hint == "Did you mean 'PAGE_SIZE'? `manage.py explaincheck E101` explains it."


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "1: a", "a: !!python/name:os.system x", "env_secrets: A"])
def test_a_broken_file_says_so_with_its_path(write: Callable[..., Path], text: str) -> None:
    write(text)
    with pytest.raises(ImproperlyConfigured, match=r"pym-config\.yaml"):
        _ = macaron.PAGE_SIZE


def test_a_project_without_the_file_has_the_defaults_and_its_configuration_says_so(
    write: Callable[..., Path],
) -> None:
    assert macaron.PAGE_SIZE == 100
    assert get_config().config_path is None
    with pytest.raises(AttributeError, match=r"the project has no pym-config\.yaml"):
        _ = get_config().name
    assert check_pym_config(None) == []


# ------------------------------------------------------------------ manage.py macaronconfig


def shown(*arguments: str) -> dict[str, tuple[str, str]]:
    printed = io.StringIO()
    call_command("macaronconfig", *arguments, stdout=printed)
    assert SECRET not in printed.getvalue()
    cells = [line.split("  ") for line in printed.getvalue().splitlines() if line.strip()]
    found = [[cell.strip() for cell in row if cell.strip()] for row in cells]
    return {row[0]: (row[1], row[2]) for row in found}


def test_macaronconfig_shows_each_setting_and_its_source_without_secrets(write: Callable[..., Path]) -> None:
    write(MAX_PAGE_SIZE=50, DYNAMODB={"ENGINE": "endpoint", "ENDPOINT": "http://joe:hidden@localhost:1"})
    found = shown()
    assert found["PAGE_SIZE"] == ("20", "pym-config.yaml: macaron.PAGE_SIZE")
    assert found["MAX_PAGE_SIZE"] == ("50", "tests.settings")
    assert found["JWT.SECRET"] == ("********", "pym-config.yaml: jwt_secret, from HELLO_JWT_SECRET")
    assert found["JWT.ISSUER"] == ("'api.example.com'", "pym-config.yaml: jwt_issuer")
    assert found["JWT.COOKIE"] == ("'token'", "default")
    assert found["DYNAMODB.ENDPOINT"] == ("'http://joe:********@localhost:1'", "tests.settings")
    assert found["greeting"] == ("'Bonjour'", "pym-config.yaml: greeting")
    assert found["pass_phrase"] == ("None", "pym-config.yaml: pass_phrase, from HELLO_UNSET")
    assert "JWT.COOKIE" not in shown("--changed")


def test_macaronconfig_masks_keys_by_name_and_secrets_without_a_variable(write: Callable[..., Path]) -> None:
    write(
        f"jwt_secret: {SECRET}\naws_secret_access_key: {SECRET}\nown: {{password: {SECRET}}}\n",
        JWT={"KEYS": {"a": SECRET}},
    )
    found = shown()
    assert found["JWT.SECRET"] == ("********", "pym-config.yaml: jwt_secret")
    assert found["JWT.KEYS"][0] == "{'a': '********'}"
    assert found["aws_secret_access_key"][0] == "'********'"


def test_macaronconfig_says_what_is_wrong_with_the_file(write: Callable[..., Path]) -> None:
    write("a: [")
    with pytest.raises(CommandError, match=r"pym-config\.yaml:1 isn't valid YAML: "):
        shown()


def test_what_came_from_the_environment_is_masked_wherever_it_is(write: Callable[..., Path]) -> None:
    write(
        "env_secrets: [HELLO_JWT_SECRET, HELLO_UNSET]\nown: {deep: {x: HELLO_JWT_SECRET}, y: HELLO_UNSET}\n"
        "jwt_audience: HELLO_JWT_SECRET\nbroker: ['redis://joe:hidden@localhost']\n"
    )
    found = shown()
    assert found["own"][0] == "{'deep': {'x': '********'}, 'y': None}"
    assert found["JWT.AUDIENCE"] == ("********", "pym-config.yaml: jwt_audience, from HELLO_JWT_SECRET")
    assert found["broker"][0] == "['redis://joe:********@localhost']"


def test_an_error_of_the_file_quotes_no_line_of_it(write: Callable[..., Path]) -> None:
    path = write(f"name: x\njwt_secret: '{SECRET}\nother: y\n")
    with pytest.raises(ImproperlyConfigured) as raised:
        _ = macaron.PAGE_SIZE
    assert str(raised.value) == f"{path}:4 isn't valid YAML: found unexpected end of stream."
    assert SECRET not in "".join(traceback.format_exception(raised.value))


def test_a_file_that_is_nested_too_deeply_is_refused(write: Callable[..., Path]) -> None:
    write("a: " + "[" * 5000)
    with pytest.raises(ImproperlyConfigured, match="is nested too deeply"):
        _ = macaron.PAGE_SIZE


# ------------------------------------------------------------------ short secrets


def test_a_short_secret_is_refused_unless_the_setting_permits_it_and_then_a_deploy_check_warns(
    write: Callable[..., Path],
) -> None:
    write("jwt_secret: short\n")
    with pytest.raises(ImproperlyConfigured, match="has 5 bytes"):
        generate_token("ada")
    write("jwt_secret: short\nmacaron: {JWT: {ALLOW_SHORT_SECRET: true}}\n")
    with pytest.warns(UserWarning, match="32 bytes"):  # PyJWT's own
        token = generate_token("ada")
    assert load_auth_token(token, load=False)["sub"] == "ada"
    (warning,) = [each for each in check_exposure(None) if each.id == "macaron_django.W124"]
    assert 'MACARON["JWT"]["SECRET"] has 5 bytes' in warning.msg


@pytest.mark.parametrize("secret", ["''", "x" * 32])
def test_permission_changes_nothing_for_an_empty_secret_or_a_long_one(write: Callable[..., Path], secret: str) -> None:
    write(f"jwt_secret: {secret}\nmacaron: {{JWT: {{ALLOW_SHORT_SECRET: true}}}}\n")
    if secret != "''":
        assert not [each for each in check_exposure(None) if each.id == "macaron_django.W124"]
    else:
        with pytest.raises(ImproperlyConfigured, match="is empty"):
            generate_token("ada")
