"""Exporting items to files and importing them again: CSV, JSON lines and DynamoDB JSON.

It takes rows and streams a file, or takes a file and writes rows after a preview. Open ``export_pages`` and
``import_pages`` to change the pages, ``csv_rows`` for CSV, ``item_files`` for how a file is read, and
``import_outcomes`` for what an import does with each item.
"""
