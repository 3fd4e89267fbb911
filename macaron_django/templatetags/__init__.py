"""Template tags and filters for the pages of the admin.

The modules:

- ``item_forms``: the pages about one item
- ``macaron_admin``: the index pages, and the note about the engine
"""
