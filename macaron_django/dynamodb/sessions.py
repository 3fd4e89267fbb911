"""Nothing → a botocore session that reads AWS's model files with orjson.

Separate because it knows botocore's loaders and nothing of calls. The files that DynamoDB's client needs are two
megabytes of JSON, read while a process answers its first request; botocore's reader takes twice as long over them, and
makes an ``OrderedDict`` of each object, which keeps two megabytes more.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import botocore.session
import orjson
from botocore.loaders import JSONFileLoader

from macaron_django.spec.source import collector_paused

__all__ = ["new_session"]


class _ModelFiles(JSONFileLoader):
    def load_file(self, file_path: str) -> Any:
        try:
            raw = _read(file_path)
            with collector_paused(len(raw)):
                return orjson.loads(raw)
        except (OSError, ValueError):  # none, or one of AWS_DATA_PATH that isn't strict JSON: as botocore takes it
            return super().load_file(file_path)


def _read(path: str) -> bytes:
    """The content of a model file, whose name is given without its ending; plain before compressed, as in botocore."""
    plain = Path(f"{path}.json")
    return plain.read_bytes() if plain.is_file() else gzip.decompress(Path(f"{path}.json.gz").read_bytes())


def new_session() -> botocore.session.Session:
    """A session as ``botocore.session.get_session`` makes it, but for who reads its files."""
    session = botocore.session.get_session()
    session.get_component("data_loader").file_loader = _ModelFiles()
    return session
