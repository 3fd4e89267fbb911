"""Converts the text of parameters and form fields to JSON values and back, in each of OpenAPI's styles.

A server splits the text in a request into values, and a client writes values as text. The modules:

- ``parameter_styles``: splitting text
- ``style_texts``: writing values
- ``form_fields``: form fields, described as query parameters, for both directions
"""
