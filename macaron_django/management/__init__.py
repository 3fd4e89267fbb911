"""The commands that this package adds to ``manage.py``, and the code that they share.

Each module in ``commands`` is one command. Some of the shared modules:

- ``checkspec_reports``: what ``checkspec`` counts and checks
- ``checkspec_formats``: the output of ``checkspec``
- ``check_entries``: the output of ``explaincheck``
- ``showapi_rows``: the output of ``showapi``
- ``named_apis``: how a command finds an API or a schema
- ``needed_accesses``: the accesses that ``iampolicy`` allows
- ``storage_choices``: the options ``--dynamodb`` and ``--orm``
- ``terminals``: tables, progress bars and Ctrl-C
"""
