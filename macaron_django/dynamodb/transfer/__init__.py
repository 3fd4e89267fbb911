"""Writes the items of a table to files, a line of JSON each, and loads them again.

``dump`` reads a table in parallel segments, ``load`` writes one, and both go on where they were interrupted. Open
``item_lines`` to change the format of a line.
"""
