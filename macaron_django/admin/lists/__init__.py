"""The list of items: search, filters, columns and pages.

The list shows one page of rows, and the calls to DynamoDB that read these rows. ``search`` defines the syntax of
the search box, and ``list_filters`` defines the filters beside the list. ``columns`` defines the columns, and
``changelists`` defines the pages. ``search_results`` reads all items that a search finds. ``allowed_lookups`` refuses
filters that would reveal secrets.
"""
