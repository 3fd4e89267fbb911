"""Exports items to files and imports them again. The formats are CSV, JSON lines and DynamoDB JSON.

An export streams rows as a file. An import shows a preview of an uploaded file, and then writes its items. To change
the pages, open ``export_pages`` and ``import_pages``. To change the CSV format, open ``csv_rows``. To change how a file
is read, open ``item_files``. To change what an import does with each item, open ``import_outcomes``.
"""
