"""Lists the names in ``pymacaron`` 1 and 2, each with its counterpart or the reason why there is no counterpart."""

from __future__ import annotations

from macaron_django.compat.rows import Constant, Modules, without

__all__ = ["MODULES"]

_CRASHES = "macaron_django.api.crash_endpoints"
_CRASH_HANDLERS = "macaron_django.api.answers.crash_handlers"
_GUNICORN = """
    bind backlog workers threads worker_class worker_connections timeout keepalive max_requests max_requests_jitter
    loglevel errorlog accesslog access_log_format proc_name
    pre_fork post_fork pre_exec when_ready worker_int worker_abort
"""
_GENERATED = without("classes and URLs are created when a spec is read, and no code is generated")

MODULES: Modules = {
    "pymacaron": {
        "API": "macaron_django.programs.Service",
        "letsgo": "macaron_django.programs.letsgo",
        "get_port": "macaron_django.programs.get_port",
        "apipool": "macaron_django.apipool",
        "ApiPool": "macaron_django.apipool",
        "get_model": "macaron_django.api_pool.get_model",
        "modelpool": "macaron_django.schemas.Classes",
        "show_splash": without("the server itself prints its address"),
        "jsonencoders": without("MACARON['DATETIME_ENCODER'] says how date-times are written"),
        "load_api_models_and_endpoints": _GENERATED,
        "get_config": "macaron_django.conf.get_config",
        "pymlogger": "macaron_django.observability.pymlogger",
        "set_level": "macaron_django.observability.set_level",
        "set_error_reporter": f"{_CRASH_HANDLERS}.set_error_reporter",
        "generate_crash_handler_decorator": f"{_CRASH_HANDLERS}.generate_crash_handler_decorator",
        "format_error": "macaron_django.api.answers.error_objects.format_error",
        "add_ping_hook": "macaron_django.api.builtin.add_ping_hook",
        "monitor_init": "macaron_django.observability.monitor_init",
    },
    "pymacaron.api": {
        "do_ping": "macaron_django.api.builtin.ping",
        "do_version": "macaron_django.api.builtin.pymacaron_version",
        "add_ping_hook": "macaron_django.api.builtin.add_ping_hook",
        "ping_hooks": "macaron_django.api.builtin.ping_hooks",
        "MyFatalCustomError": f"{_CRASHES}.MyFatalCustomError",
        "MyNonFatalCustomError": f"{_CRASHES}.MyNonFatalCustomError",
        "do_crash_internal_exception": f"{_CRASHES}.do_crash_internal_exception",
        "do_crash_pymacaron_exception": f"{_CRASHES}.do_crash_pymacaron_exception",
        "do_crash_klue_exception": f"{_CRASHES}.do_crash_pymacaron_exception",
        "do_crash_report_error": f"{_CRASHES}.do_crash_report_error",
        "do_crash_slow_call": f"{_CRASHES}.do_crash_slow_call",
        "do_crash_return_fatal_error_response": f"{_CRASHES}.do_crash_return_fatal_error_response",
        "do_crash_return_non_fatal_error_response": f"{_CRASHES}.do_crash_return_non_fatal_error_response",
        "do_crash_return_error_model": f"{_CRASHES}.do_crash_return_error_model",
        "do_crash_return_error_instance": f"{_CRASHES}.do_crash_return_error_instance",
    },
    "pymacaron.apiloader": {
        "load_api_models_and_endpoints": _GENERATED,
        "generate_models_v2": _GENERATED,
        "generate_endpoints_v2": _GENERATED,
        "swagger_type_to_pydantic_type": _GENERATED,
        "ref_to_model_name": _GENERATED,
        "modified_time": _GENERATED,
    },
    "pymacaron.auth": {
        "requires_auth": "macaron_django.auth.requires_auth",
        "add_auth": "macaron_django.auth.add_auth",
        "load_auth_token": "macaron_django.auth.load_auth_token",
        "authenticate_http_request": "macaron_django.auth.authenticate_http_request",
        "generate_token": "macaron_django.auth.generate_token",
        "backend_token": "macaron_django.auth.backend_token",
        "get_userid": "macaron_django.auth.get_userid",
        "get_user_token_data": "macaron_django.auth.get_user_token_data",
        "get_user_token": "macaron_django.auth.get_user_token",
        "get_token_issuer": "macaron_django.auth.get_token_issuer",
    },
    "pymacaron.config": {
        "get_config": "macaron_django.conf.get_config",
        "PyMacaronConfig": "macaron_django.conf.project_config.ProjectConfig",
        "KlueConfig": "macaron_django.conf.project_config.ProjectConfig",
        "config": "macaron_django.conf.project_config.config",
        "get_config_path": "macaron_django.conf.project_config.get_config_path",
    },
    "pymacaron.crash": {
        "report_warning": "macaron_django.api.answers.report_warning",
        "report_error": f"{_CRASH_HANDLERS}.report_error",
        "set_error_reporter": f"{_CRASH_HANDLERS}.set_error_reporter",
        "default_error_reporter": f"{_CRASH_HANDLERS}.default_error_reporter",
        "error_reporter": f"{_CRASH_HANDLERS}.default_error_reporter",
        "postmortem": f"{_CRASH_HANDLERS}.postmortem",
        "do_report_error": "macaron_django.api.answers.report_warning",
        "populate_error_report": f"{_CRASH_HANDLERS}.populate_error_report",
        "function_name": f"{_CRASH_HANDLERS}.function_name",
        "crash_handler": f"{_CRASH_HANDLERS}.crash_handler",
        "generate_crash_handler_decorator": f"{_CRASH_HANDLERS}.generate_crash_handler_decorator",
        "report_slow": "macaron_django.observability.slow_calls.report_slow",
        "slow_calls": without("MACARON['OBSERVABILITY'] says which slow operations are reported"),
    },
    "pymacaron.endpoint": {
        "pymacaron_flask_endpoint": _GENERATED,
        "call_f": _GENERATED,
        "get_form_data": _GENERATED,
        "get_request_body": _GENERATED,
        "get_path_and_query_parameters": _GENERATED,
    },
    "pymacaron.exceptions": {
        "PyMacaronException": "macaron_django.exceptions.PyMacaronException",
        "KlueMicroServiceException": "macaron_django.exceptions.PyMacaronException",
        "InternalValidationError": "macaron_django.exceptions.InternalValidationError",
        "BadResponseException": "macaron_django.exceptions.BadResponseException",
        "UnhandledServerError": "macaron_django.exceptions.UnhandledServerError",
        "InternalServerError": "macaron_django.exceptions.InternalServerError",
        "InvalidParameterError": "macaron_django.exceptions.InvalidParameterError",
        "ValidationError": "macaron_django.exceptions.InvalidParameterError",
        "RequestTimeout": "macaron_django.exceptions.RequestTimeout",
        "AuthMissingHeaderError": "macaron_django.exceptions.AuthMissingHeaderError",
        "AuthTokenExpiredError": "macaron_django.exceptions.AuthTokenExpiredError",
        "AuthInvalidTokenError": "macaron_django.exceptions.AuthInvalidTokenError",
        "add_error": "macaron_django.exceptions.add_error",
        "code_to_class": "macaron_django.exceptions.code_to_class",
        "is_error": "macaron_django.exceptions.is_error",
        "responsify": "macaron_django.api.answers.error_objects.responsify",
        "format_error": "macaron_django.api.answers.error_objects.format_error",
        "raise_error": "macaron_django.api.answers.error_objects.raise_error",
    },
    "pymacaron.gunicorn": {
        **{name: f"macaron_django.shipping.gunicorn_config.{name}" for name in _GUNICORN.split()},
        "preload": Constant(False, "gunicorn ignores this name, because its setting is called preload_app"),
    },
    "pymacaron.log": {
        "pymlogger": "macaron_django.observability.pymlogger",
        "PymacaronLogger": "macaron_django.observability.UserLogger",
        "set_level": "macaron_django.observability.set_level",
        "get_logger": "macaron_django.observability.root_logger",
        "setup_logger": "macaron_django.observability.log_to_stdout",
        "ContextFilter": "macaron_django.observability.UserFilter",
        "DEFAULT_LEVEL": "macaron_django.observability.log_records.DEFAULT_LEVEL",
        "root": "logging.root",
    },
    "pymacaron.model": {
        "PymacaronBaseModel": "macaron_django.schemas.APIObject",
    },
    "pymacaron.models": {
        "*": "macaron_django.api_pool.get_model",
    },
    "pymacaron.monitor": {
        "monitor": "macaron_django.observability.monitor",
        "monitor_init": "macaron_django.observability.monitor_init",
        "use_scout": Constant(False, "MACARON['OBSERVABILITY']['BACKENDS'] says where measurements are sent"),
    },
    "pymacaron.resources": {
        "get_gunicorn_worker_count": "macaron_django.shipping.get_gunicorn_worker_count",
        "get_celery_worker_count": "macaron_django.shipping.get_celery_worker_count",
        "get_memory_limit": "macaron_django.shipping.get_memory_limit",
        "get_celery_worker_memory_limit": "macaron_django.shipping.get_celery_worker_memory_limit",
        "GUNICORN_WORKER_MEM": "macaron_django.shipping.worker_counts.GUNICORN_WORKER_MEM",
        "CELERY_WORKER_MEM": "macaron_django.shipping.worker_counts.CELERY_WORKER_MEM",
    },
    "pymacaron.test": {
        "PyMacaronTestCase": "macaron_django.testing.MacaronTestCase",
        "KlueMicroServiceTestCase": "macaron_django.testing.MacaronTestCase",
        "load_port_host_token": "macaron_django.testing.load_port_host_token",
    },
    "pymacaron.utils": {
        "timenow": "macaron_django.schemas.formats.timestamps.timenow",
        "to_epoch": "macaron_django.schemas.formats.timestamps.to_epoch",
        "to_datetime": "macaron_django.schemas.formats.timestamps.to_datetime",
        "prune_none": "macaron_django.schemas.values.json_options.prune_none",
        "get_container_version": "macaron_django.shipping.get_container_version",
        "get_app_name": "macaron_django.conf.get_app_name",
        "is_ec2_instance": without(
            "macaron_django doesn't depend on where the service runs, and your code can read an environment variable"
        ),
        "IS_EC2_INSTANCE": Constant(-1, "macaron_django doesn't depend on where the service runs"),
    },
}
