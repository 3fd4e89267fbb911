"""Renders the files that this package writes for a project.

The templates are in ``templates/``, in Django's template language.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from django.template import Context, Engine

__all__ = ["TEMPLATES", "rendered"]

TEMPLATES = Path(__file__).parent / "templates"
#: The end of a template's name, so that tools don't mistake the template for the rendered file.
_SUFFIX = "-tpl"


def rendered(folder: str, context: Mapping[str, object]) -> dict[str, str]:
    """Returns the rendered files of a folder in ``templates/``, by their paths in the project.

    ``dot.gitignore-tpl`` becomes ``.gitignore``.
    """
    engine, root = Engine(), TEMPLATES / folder
    found: dict[str, str] = {}
    for path in sorted(root.rglob(f"*{_SUFFIX}")):
        parts = [f".{part[4:]}" if part.startswith("dot.") else part for part in path.relative_to(root).parts]
        text = engine.from_string(path.read_text("utf-8")).render(Context(dict(context), autoescape=False))
        found["/".join(parts).removesuffix(_SUFFIX)] = text
    return found
