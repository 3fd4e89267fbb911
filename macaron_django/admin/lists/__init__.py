"""The list of items: search, filters, columns and pages.

The list shows one page of rows, and the calls to DynamoDB that read these rows. Open ``search`` to change the syntax
of the search box, and ``list_filters`` for the filters beside the list. Open ``columns`` for the columns, and
``changelists`` for the pages. ``search_results`` reads all items that a search finds. ``allowed_lookups`` refuses
filters that would reveal secrets.
"""
