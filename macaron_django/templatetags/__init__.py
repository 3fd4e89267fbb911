"""Template tags and filters for the pages of the admin.

Open ``item_forms`` for the pages about one item, and ``macaron_admin`` for the index pages and the note about the
engine.
"""
