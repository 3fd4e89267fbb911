"""The list of items: search, filters, columns and pages.

Takes a request and shows a page of rows, and the calls to DynamoDB that it took. Open ``search`` to change what the
search box understands, ``list_filters`` and ``columns`` for what is beside and in the list, ``changelists`` for its
pages, ``search_results`` for reading everything that a search finds, and ``allowed_lookups`` for what nothing may be
filtered by.
"""
