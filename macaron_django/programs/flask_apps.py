"""Serves a Flask app and the APIs as one application, without importing Flask.

Flask serves the program's own routes, and runs the app's functions before and after these requests. Django serves all
other paths.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.crypto import salted_hmac

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["join"]

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"]


def join(app: Any, apis: WSGIApplication) -> WSGIApplication:
    """Returns the application that serves ``app`` and the APIs.

    ``app`` itself then also serves the APIs, for servers that load ``server:app``. If an app has neither routes nor
    hooks, as in most PyMacaron services, requests skip it.
    """
    if app is None:
        return apis
    if not _says_something(app):
        app.wsgi_app = apis
        return apis
    if app.secret_key is None:  # for Flask's sessions; PyMacaron set one, too
        app.secret_key = salted_hmac("macaron_django.programs.flask_apps", "").hexdigest()
    _add_rules(app, apis)
    joined: WSGIApplication = app
    return joined


def _says_something(app: Any) -> bool:
    """Returns whether a Flask app has routes, static files, hooks or a WSGI middleware."""
    routes = [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]
    hooks = (
        app.before_request_funcs,
        app.after_request_funcs,
        app.teardown_request_funcs,
        app.error_handler_spec,
        app.url_value_preprocessors,
    )
    has_files = bool(app.static_folder) and Path(app.static_folder).is_dir()
    return bool(routes) or has_files or any(map(_is_filled, hooks)) or "wsgi_app" in vars(app)


def _is_filled(hooks: Any) -> bool:
    if isinstance(hooks, dict):
        return any(map(_is_filled, hooks.values()))
    return bool(hooks)


def _add_rules(app: Any, apis: WSGIApplication) -> None:
    """Adds the APIs to a Flask app. The APIs answer requests that match none of the app's own routes."""

    def answer(path: str = "") -> Any:
        flask = sys.modules["flask"]
        environ = dict(flask.request.environ)
        if "stream" in vars(flask.request):  # one of the app's before_request functions has read the body
            environ["wsgi.input"] = io.BytesIO(flask.request.get_data())
        return flask.Response.from_app(apis, environ)

    for rule in ("/", "/<path:path>"):
        app.add_url_rule(rule, "macaron_django", answer, methods=_METHODS, provide_automatic_options=False)
