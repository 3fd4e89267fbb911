"""The names that public services on PyMacaron import, and how they call them, are all there."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
import warnings

import pytest

pytestmark = [
    pytest.mark.usefixtures("old_names"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

#: What erwan-lemonnier's bdl-api, bdl-scraper and bdl-com, and pymacaron-helloworld import.
IMPORTED = {
    "pymacaron": ("API", "apipool", "letsgo"),
    "pymacaron.api": ("do_ping", "do_version"),
    "pymacaron.auth": ("authenticate_http_request", "backend_token", "generate_token", "requires_auth"),
    "pymacaron.config": ("get_config",),
    "pymacaron.crash": ("crash_handler", "populate_error_report", "report_error", "set_error_reporter"),
    "pymacaron.endpoint": ("pymacaron_flask_endpoint",),
    "pymacaron.exceptions": ("PyMacaronException", "is_error"),
    "pymacaron.log": ("pymlogger",),
    "pymacaron.model": ("PymacaronBaseModel",),
    "pymacaron.test": ("PyMacaronTestCase",),
    "pymacaron.utils": ("is_ec2_instance", "timenow", "to_epoch"),
    "pymacaron_async": ("asynctask",),
    "pymacaron_core.swagger.apipool": ("ApiPool",),
    "pymacaron_dynamodb": ("DynamoDBItemNotFound", "PersistentSwaggerObject", "get_dynamodb"),
}
#: The parameters of PyMacaron's functions, in their order.
PARAMETERS = {
    "pymacaron.auth.generate_token": "user_id expire_in data issuer iat",
    "pymacaron.auth.load_auth_token": "token load",
    "pymacaron.auth.authenticate_http_request": "token",
    "pymacaron.auth.backend_token": "issuer user_id data",
    "pymacaron.auth.get_userid": "",
    "pymacaron.auth.get_user_token": "",
    "pymacaron.auth.get_user_token_data": "",
    "pymacaron.auth.get_token_issuer": "",
    "pymacaron.log.pymlogger": "name",
    "pymacaron.log.PymacaronLogger": "name",
    "pymacaron.log.set_level": "newlevel",
    "pymacaron.log.setup_logger": "celery",
    "pymacaron.resources.get_gunicorn_worker_count": "cpu_count",
    "pymacaron.resources.get_celery_worker_count": "cpu_count",
    "pymacaron.resources.get_memory_limit": "default_celery_worker_count cpu_count",
    "pymacaron.resources.get_celery_worker_memory_limit": "",
    "pymacaron.test.load_port_host_token": "",
    "pymacaron.test.PyMacaronTestCase.assertHasVersion": "self verify_ssl",
    "pymacaron.test.PyMacaronTestCase.assertHasAuthVersion": "self verify_ssl",
    "pymacaron.test.PyMacaronTestCase.assertGetReturnJson": "self path status auth verify_ssl",
    "pymacaron.test.PyMacaronTestCase.assertDeleteReturnJson": "self path status auth",
    "pymacaron.test.PyMacaronTestCase.assertPostReturnJson": "self path data status auth verify_ssl",
    "pymacaron.test.PyMacaronTestCase.assertGetReturnDict": "self path kv status auth verify_ssl",
    "pymacaron.test.PyMacaronTestCase.assertPostReturnDict": "self path data kv status auth verify_ssl",
    "pymacaron.test.PyMacaronTestCase.assertGetReturnOk": "self path auth",
    "pymacaron.test.PyMacaronTestCase.assertPostReturnOk": "self path data auth",
    "pymacaron.test.PyMacaronTestCase.assertGetReturnError": "self path status error auth verify_ssl",
    "pymacaron.test.PyMacaronTestCase.assertPostReturnError": "self path data status error auth verify_ssl",
    "pymacaron.test.PyMacaronTestCase.assertCallReturnJson": (
        "self method path data auth status allow_error verify_ssl"
    ),
    "pymacaron.test.PyMacaronTestCase.assertCallReturnDict": "self method path kv data auth status verify_ssl",
    "pymacaron.test.PyMacaronTestCase.assertCallReturnOk": "self method path data auth",
    "pymacaron.test.PyMacaronTestCase.assertCallReturnError": "self method path status error data auth",
    "pymacaron.test.PyMacaronTestCase.assertCallReturnHtml": (
        "self method path data auth status allow_redirects verify_ssl quiet"
    ),
    "pymacaron.test.PyMacaronTestCase.assertCallReturnText": (
        "self method path data auth status allow_redirects verify_ssl quiet"
    ),
    "pymacaron.test.PyMacaronTestCase.assertCallReturnRedirect": (
        "self method path data auth status allow_redirects verify_ssl quiet"
    ),
    "pymacaron.utils.timenow": "",
    "pymacaron.utils.to_epoch": "t",
    "pymacaron.utils.to_datetime": "e",
    "pymacaron.utils.get_container_version": "",
    "pymacaron.utils.get_app_name": "",
}


def found(dotted: str) -> object:
    module, _, name = dotted.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError:
        return getattr(found(module), name)


@pytest.mark.parametrize("module", IMPORTED)
def test_what_public_services_import_is_there(module: str):
    imported = importlib.import_module(module)
    assert [name for name in IMPORTED[module] if not hasattr(imported, name)] == []


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_function_takes_the_parameters_that_it_took(name: str):
    ours = list(inspect.signature(found(name)).parameters)  # type: ignore[arg-type]
    theirs = PARAMETERS[name].split()
    assert ours[: len(theirs)] == theirs


def test_functions_on_time_and_nulls_answer_as_pymacarons_do():
    from pymacaron.utils import get_container_version, prune_none, timenow, to_datetime, to_epoch

    now = timenow()
    assert to_datetime(to_epoch(now)) == now.replace(microsecond=0)
    given = {"a": None, "b": {"c": None, "d": 1}, "e": [{"f": None}]}
    assert prune_none(given) is given
    assert given == {"b": {"d": 1}, "e": [{}]}
    assert prune_none(a=None, b=1) == prune_none(("a", None), ("b", 1)) == {"b": 1}
    assert get_container_version() == "local"
    with pytest.raises(TypeError, match="takes a dictionary, not list"):
        prune_none([None])


def test_gunicorn_finds_the_configuration_under_its_old_name():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        from pymacaron import gunicorn
    assert {"bind", "workers", "post_fork", "worker_class"} <= vars(gunicorn).keys()
    script = (
        "import sys, macaron_django.compat\n"
        "from gunicorn.app.wsgiapp import run\n"
        "sys.argv = ['gunicorn', '--print-config', '--config', 'python:pymacaron.gunicorn', 'served:wsgi']\n"
        "run()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert "gthread" in done.stdout, done.stderr
    assert "['127.0.0.1:8080']" in done.stdout
