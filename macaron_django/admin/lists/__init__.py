"""The list of items: search, filters, columns and pages.

It takes a request and shows a page of rows, and the calls to DynamoDB that it took. Open ``search`` to change what the
search box understands, ``list_filters`` for the filters beside the list, ``columns`` for its columns, ``changelists``
for its pages, ``search_results`` for reading all items that a search finds, and ``allowed_lookups`` for the filters
that are refused because they would reveal secrets.
"""
