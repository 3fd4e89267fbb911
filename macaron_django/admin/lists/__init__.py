"""The list of items: search, filters, columns and pages.

Takes a request and shows a page of rows, with what DynamoDB was asked for it. Open ``search`` to change what the search
box understands, ``list_filters`` and ``columns`` for what is beside and in the list, ``changelists`` for its pages, and
``search_results`` for reading everything that a search finds, ``allowed_lookups`` for what nothing may be filtered by.
"""
