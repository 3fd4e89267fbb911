"""Writes the items of a table to files, one line of JSON for each item, and loads them again.

``dump`` reads a table in parallel segments, ``load`` writes one, and both continue where they were interrupted. Open
``item_lines`` to change the format of a line.
"""
