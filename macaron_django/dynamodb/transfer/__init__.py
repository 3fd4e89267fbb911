"""Writes the items of a table to files, with one line of JSON for each item, and loads such files.

``dump`` reads a table in parallel segments, and ``load`` writes to a table. Both can continue after an interruption.
``item_lines`` defines the format of a line.
"""
