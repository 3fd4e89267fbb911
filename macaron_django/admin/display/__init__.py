"""Formats items for people, without their secrets.

It takes rows and JSON with their schemas and returns texts, ``ShownValue`` trees and JSON. Open ``property_values`` to
change how a value looks, ``readable_json`` for JSON, ``differences`` for what counts as a change, ``redaction`` for
what is secret, and ``known_sentences`` for which sentences of lower layers are translated.
"""
