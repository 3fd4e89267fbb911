"""Formats items for people, without their secrets.

The functions accept rows, or JSON with its schema. They return texts, ``ShownValue`` trees or JSON. Open
``property_values`` to change how a value looks, and ``readable_json`` to change how JSON looks. Open ``differences``
for what counts as a change, and ``redaction`` for the rules about secrets. Open ``known_sentences`` for the
sentences that the admin translates.
"""
