"""The commands that this package adds to ``manage.py``, and the code that they share.

Each module in ``commands`` is one command. Open ``checkspec_reports`` to see what ``checkspec`` counts and checks, and
``checkspec_formats`` for its output. Open ``check_entries`` for the output of ``explaincheck``, and ``showapi_rows``
for the output of ``showapi``. Open ``named_apis`` to see how a command finds an API or a schema. Open
``needed_accesses`` for the accesses that ``iampolicy`` allows, and ``storage_choices`` for the options ``--dynamodb``
and ``--orm``. Open ``terminals`` for tables, progress bars and Ctrl-C.
"""
