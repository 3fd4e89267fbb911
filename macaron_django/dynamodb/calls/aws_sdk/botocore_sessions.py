"""Makes botocore sessions that read AWS's model files with orjson.

To create a client for DynamoDB, botocore reads two megabytes of JSON files. A process reads these files while it
handles its first request. botocore's own reader takes twice as long, and its ``OrderedDict``s use two megabytes more
memory.
"""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import botocore.session
import orjson
from botocore.loaders import JSONFileLoader

from macaron_django.openapi.reading.source import collector_paused

__all__ = ["new_session"]


class _ModelFiles(JSONFileLoader):
    def load_file(self, file_path: str) -> Any:
        try:
            raw = _read(file_path)
            with collector_paused(len(raw)):
                return orjson.loads(raw)
        except (OSError, ValueError):  # missing, or in AWS_DATA_PATH and not strict JSON: botocore decides
            return super().load_file(file_path)


def _read(path: str) -> bytes:
    """Returns the content of a model file. ``path`` is the file's path without its suffix. The plain file is preferred
    to the compressed one.
    """
    plain = Path(f"{path}.json")
    return plain.read_bytes() if plain.is_file() else gzip.decompress(Path(f"{path}.json.gz").read_bytes())


def new_session(*, isolated: bool = False) -> botocore.session.Session:
    """Returns the session that ``botocore.session.get_session`` would return, except that orjson reads its files.

    An isolated session doesn't read AWS settings from the environment or from files. Engines on this machine don't need
    such settings, and calls to these engines would fail if the settings were outdated or unreadable.
    """
    session = botocore.session.Session(session_vars=_ISOLATED if isolated else None)
    session.get_component("data_loader").file_loader = _ModelFiles()
    return session


#: botocore's configuration variables, reduced to their defaults. Each tuple has the option in files, the environment
#: variable, the default and the conversion.
_ISOLATED: dict[str, tuple[Any, Any, Any, Any]] = {
    name: (None, None, default, convert)
    for name, (_, _, default, convert) in botocore.session.Session.SESSION_VARIABLES.items()
} | dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
