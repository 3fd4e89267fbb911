"""The commands that this package adds to ``manage.py``, and what they share.

Each module in ``commands`` is one command: it takes the command line's arguments and prints, or raises CommandError.
Open ``checkspec_reports`` for what ``checkspec`` examines and ``checkspec_formats`` for how it prints that,
``check_entries`` for what ``explaincheck`` prints, ``showapi_rows`` for what ``showapi`` shows, ``named_apis`` for how
a command finds an API or a schema, ``needed_accesses`` for what ``iampolicy`` allows, ``storage_choices`` for the
options ``--dynamodb`` and ``--orm``, and ``terminals`` for tables, progress bars and Ctrl-C.
"""
