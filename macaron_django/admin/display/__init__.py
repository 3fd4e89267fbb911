"""Formats items for people, without their secrets.

The functions accept rows, or JSON with its schema. They return strings, ``ShownValue`` trees or JSON.

``property_values`` formats values, and ``readable_json`` formats JSON. ``differences`` decides what counts as a change,
and ``redaction`` has the rules about secrets. ``known_sentences`` lists the sentences that the admin translates.
"""
