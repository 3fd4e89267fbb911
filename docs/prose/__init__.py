"""The linter of the project's English: proselint, with the rules of the style sheet in CONTRIBUTING.md.

Open ``rules`` to forbid a phrase, and ``texts`` for what is read: documentation, docstrings, messages, templates.
"""
