"""Lists the names in ``pymacaron_core``, each with its counterpart or the reason why there is no counterpart."""

from __future__ import annotations

from macaron_django.compat.rows import Modules, without

__all__ = ["MODULES"]

_CLIENTS = without("apipool.<api>.client has a method for each operation of an API in MACARON['CLIENTS']")
_MADE = without("classes are created when a spec is read, and are in macaron_django.apipool")
_READ = without("macaron_django.openapi.load() reads a spec and returns a macaron_django.openapi.Document")
_SERVED = without("Django serves operations, with the URL patterns in macaron_django.urls")
_TESTS = without("only PyMacaron's own tests use it")

MODULES: Modules = {
    "pymacaron_core": {},
    "pymacaron_core.exceptions": {
        "PyMacaronCoreException": "macaron_django.exceptions.PyMacaronException",
        "KlueException": "macaron_django.exceptions.PyMacaronException",
        "ValidationError": "macaron_django.exceptions.InvalidParameterError",
        "InternalServerError": "macaron_django.exceptions.InternalServerError",
        "MergeApisException": "macaron_django.api_pool.DifferentModelsError",
        "PyMacaronModelException": "macaron_django.exceptions.InvalidParameterError",
        "add_error_handlers": without(
            "for errors in the project's own views, use the handlers of error_views or the decorator crash_handler"
        ),
    },
    "pymacaron_core.models": {
        "PyMacaronModel": "macaron_django.schemas.APIObject",
        "get_model": "macaron_django.api_pool.get_model",
        "generate_model_class": _MADE,
        "Models": _MADE,
    },
    "pymacaron_core.swagger": {
        "ApiPool": "macaron_django.apipool",
    },
    "pymacaron_core.swagger.api": {
        "API": without("apipool.add() loads a spec, and returns its classes"),
        "APIModels": _MADE,
        "generate_model_instantiator": _MADE,
        "default_error_callback": without("a handler's exception becomes an error response, and is reported"),
        "APIClient": "macaron_django.clients.BlockingAPIClient",
    },
    "pymacaron_core.swagger.apipool": {
        "ApiPool": "macaron_django.apipool",
        "MergeApisException": "macaron_django.api_pool.DifferentModelsError",
        "apis": without("macaron_django.apipool has the APIs by name, and get_api_names() lists the names"),
    },
    "pymacaron_core.swagger.client": {
        "ClientCaller": "macaron_django.clients.api_clients.OperationCall",
        "generate_client_callers": _CLIENTS,
        "response_to_result": _CLIENTS,
        "_format_flask_url": _CLIENTS,
    },
    "pymacaron_core.swagger.request": {
        "FlaskRequestProxy": _SERVED,
    },
    "pymacaron_core.swagger.server": {
        "spawn_server_api": _SERVED,
        "log_endpoint": _SERVED,
        "FlaskRequestProxy": _SERVED,
    },
    "pymacaron_core.swagger.spec": {
        "ApiSpec": _READ,
        "EndpointData": _READ,
    },
    "pymacaron_core.test": {
        "return_token": _TESTS,
        "PersistentFoo": _TESTS,
        "FunnyGrandad": _TESTS,
        "FunnyDad": _TESTS,
    },
    "pymacaron_core.utils": {
        "get_function": "django.utils.module_loading.import_string",
    },
}
