"""The limits on the size and depth of a spec."""

from __future__ import annotations

from typing import NamedTuple

from macaron_django.openapi.findings import SpecError, spec_error

__all__ = ["Limits", "depth_error"]


class Limits(NamedTuple):
    """Limits on a spec's files. A file that exceeds a limit causes a finding or a ``SpecError``."""

    max_bytes: int = 64 * 1024 * 1024  # of one file
    max_depth: int = 128  # nested mappings and lists
    max_nodes: int = 5_000_000  # values in one file; an alias counts as a copy of its target
    max_files: int = 10_000  # files that references lead to


def depth_error(name: str, limits: Limits, line: int | None = None, column: int | None = None) -> SpecError:
    """Returns the error E005, for a text that is nested more deeply than ``limits.max_depth``."""
    return spec_error(
        "E005",
        name,
        f"{name} is nested more than {limits.max_depth} levels deep.",
        "Move inner schemas to components and refer to them with $ref.",
        line,
        column,
    )
