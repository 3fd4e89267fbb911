"""Chooses the Django settings of a program. If the project has no settings, this module creates them."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import sys
from pathlib import Path
from typing import Any

from django.conf import ENVIRONMENT_VARIABLE
from django.conf import settings as django_settings

from macaron_django.conf.pym_config_files import PymConfig
from macaron_django.conf.pym_config_keys import host_of

__all__ = ["FOLDER", "LAYER", "are_made", "ensure_settings", "made_settings", "program_folder", "settings_module"]

#: Environment variables for the processes of a program: the program's folder, and whether PyMacaron's names can be
#: imported.
FOLDER = "MACARON_FOLDER"
LAYER = "MACARON_COMPAT"
#: The mark of settings that this module has created.
_MARK = "MACARON_SETTINGS_ARE_MADE"


def program_folder() -> Path:
    """Returns the folder of the running program.

    If a server or another tool runs the code, returns the current folder.
    """
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    is_program = path is not None and Path(path).suffix == ".py" and Path(path).name != "__main__.py"
    return Path(path).absolute().parent if is_program and path is not None else Path.cwd()


def are_made() -> bool:
    """Returns whether this module created the settings that are in use."""
    return bool(getattr(django_settings, _MARK, False))


def ensure_settings(folder: Path) -> None:
    """Chooses the Django settings for the program in ``folder``. They apply to this process and its child processes.

    Uses the first settings that exist: the module in the environment variable ``DJANGO_SETTINGS_MODULE``, the module
    that the folder's manage.py names, the folder's own module ``settings``, or a module ``settings`` in a package of
    the folder, if only one package has such a module. If there are none, ``macaron_django.programs.settings`` creates
    settings.
    """
    if django_settings.configured or os.environ.get(ENVIRONMENT_VARIABLE):
        return
    own = settings_module(folder)
    os.environ[ENVIRONMENT_VARIABLE] = own or "macaron_django.programs.settings"
    if own is None:
        os.environ[FOLDER] = str(folder)


def settings_module(folder: Path) -> str | None:
    """Returns the dotted path of the folder's settings, or None if the folder has no settings."""
    manage = folder / "manage.py"
    if manage.is_file():
        named = re.search(rf"""{ENVIRONMENT_VARIABLE}["'],\s*["']([\w.]+)["']""", manage.read_text("utf-8"))
        if named is not None:
            return named[1]
    if (folder / "settings.py").is_file():
        return "settings"
    packages = sorted(path.parent.name for path in folder.glob("*/settings.py"))
    return f"{packages[0]}.settings" if len(packages) == 1 else None


def made_settings(folder: Path, config: PymConfig | None) -> dict[str, Any]:
    """Returns the settings of the program in ``folder``.

    Operations are public unless their spec or decorators say otherwise.
    """
    return {
        _MARK: True,
        "BASE_DIR": folder,
        "SECRET_KEY": _secret_key(config),
        "DEBUG": False,
        "ALLOWED_HOSTS": _allowed_hosts(config),
        "INSTALLED_APPS": [
            "macaron_django",
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "rest_framework",
            *(["macaron_django.compat"] if os.environ.get(LAYER) == "1" else []),
        ],
        "MIDDLEWARE": ["django.middleware.security.SecurityMiddleware"],
        "ROOT_URLCONF": "macaron_django.programs.urls",
        "TEMPLATES": [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        "REST_FRAMEWORK": {"DEFAULT_AUTHENTICATION_CLASSES": []},
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "LOGGING": {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
            "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["lines"], "level": "INFO"},
            "loggers": {
                "django": {"handlers": []},  # Django's own handler writes each line a second time
                "pynamodb.settings": {"level": "WARNING"},
                "botocore": {"level": "WARNING"},
            },
        },
        "MACARON_WORKER_MODULE": "macaron_django.programs.program_workers",
        "MACARON": {},
    }


def _secret_key(config: PymConfig | None) -> str:
    """Returns Django's SECRET_KEY, which encrypts cursors: the environment's key, or a key derived from jwt_secret.

    If neither exists, each process gets a random key, and no other process can read its cursors.
    """
    if given := os.environ.get("SECRET_KEY"):
        return given
    secret = config.values.get("jwt_secret") if config is not None else None
    if secret:
        return hmac.new(str(secret).encode(), b"macaron_django SECRET_KEY", hashlib.sha256).hexdigest()
    return secrets.token_urlsafe(50)


def _allowed_hosts(config: PymConfig | None) -> list[str]:
    """Returns the hosts that the service accepts: the hosts in the environment's ALLOWED_HOSTS, else its own hosts."""
    if given := os.environ.get("ALLOWED_HOSTS"):
        return re.split(r"[\s,]+", given.strip())
    own = host_of(config) if config is not None else None
    return [*([own] if own else []), "localhost", "127.0.0.1", "[::1]"]
