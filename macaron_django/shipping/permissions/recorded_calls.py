"""Records in a file which tables a test run accesses, and with which actions.

The file has one line of JSON for each access. It doesn't contain the keys or values of items. Several processes can
add to one file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from macaron_django.dynamodb.tables.table_accesses import TableAccess

__all__ = ["add_recorded", "read_recorded"]

#: The allowed names of tables and indexes. They exclude IAM's wildcards and expressions of templates.
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")


def add_recorded(file: Path, accesses: Iterable[TableAccess], prefix: str) -> None:
    """Adds accesses to the file. If a table's name begins with ``prefix``, it is written without the prefix."""
    lines = "".join(f"{json.dumps(_line(each, prefix))}\n" for each in sorted(accesses))
    with file.open("a", encoding="utf-8") as opened:
        opened.write(lines)  # one write, so that other processes don't write between these lines


def _line(access: TableAccess, prefix: str) -> dict[str, str | bool]:
    has_prefix = access.table.startswith(prefix)
    table = access.table.removeprefix(prefix)
    return {"action": access.action, "table": table, "index": access.index, "prefixed": has_prefix}


def read_recorded(file: Path, prefix: str) -> Iterator[TableAccess]:
    """Yields the accesses in the file. Adds ``prefix`` to the tables' names.

    Raises ValueError if a line isn't a recorded access.
    """
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            yield _access(line, f"{file}:{number}", prefix)


def _access(line: str, place: str, prefix: str) -> TableAccess:
    try:
        said = json.loads(line)
        access = TableAccess(str(said["table"]), str(said["index"]), str(said["action"]))
        access = replace(access, table=prefix + access.table) if said["prefixed"] else access
        if not (_NAME.fullmatch(access.table) and _NAME.fullmatch(access.index or "-") and access.action.isalpha()):
            raise ValueError("the name of a table, index or action contains characters that aren't allowed")
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{place}: this isn't a recorded call ({type(error).__name__}: {error})") from error
    return access
