"""Exports items to files and imports them again. The formats are CSV, JSON lines and DynamoDB JSON.

An export streams rows as a file. An import shows a preview of an uploaded file, and then writes its items. Open
``export_pages`` and ``import_pages`` to change the pages, and ``csv_rows`` for CSV. Open ``item_files`` for how a file
is read, and ``import_outcomes`` for what an import does with each item.
"""
