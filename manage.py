#!/usr/bin/env python
"""Django's command line for the example project."""

import os
import sys
from pathlib import Path


def main() -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parent / "example_project"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        remedy = "`make install` makes .venv; then use .venv/bin/python."
        raise SystemExit(f"Django isn't installed here. {remedy}") from error
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
