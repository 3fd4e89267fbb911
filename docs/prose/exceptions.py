"""Lists the phrases that a check forbids and that are right where they are."""

from __future__ import annotations

#: The path of a file and a phrase that a check finds in it: why the phrase is right there.
ALLOWED: dict[tuple[str, str], str] = {
    ("macaron_django/compat/names/pymacaron.py", "max_requests max_requests"): "a list of gunicorn's settings",
}
