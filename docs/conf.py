"""Sphinx: how the documentation is built. Warnings are errors (`make docs`)."""

import re
from pathlib import Path

project = "macaron_django"
author = "The macaron_django authors"
project_copyright = "2026, The macaron_django authors"
package = Path(__file__).parent.parent / "macaron_django" / "version.py"
release = re.findall(r'^__version__ = "([^"]+)"', package.read_text("utf-8"), re.MULTILINE)[0]

extensions = ["myst_parser", "sphinx_llms_txt"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "macaron_django"
nitpicky = True

# Each page's Markdown lies beside the HTML, as _sources/how-to/handlers.md, and llms.txt lists these files.
html_sourcelink_suffix = ""
llms_txt_uri_template = "_sources/{docname}{suffix}"
llms_txt_summary = (
    "A Django app that serves an OpenAPI file with Django REST framework, and keeps the schemas that are marked "
    "`x-persist` in Amazon DynamoDB."
)
llms_txt_full_file = False
