"""Converts the text of parameters and form fields to JSON values and back, in each of OpenAPI's styles.

A server splits the texts of a request into values, and a client writes values as texts. Open ``parameter_styles`` for
splitting texts, and ``style_texts`` for writing values. ``form_fields`` describes form fields as query parameters. It
is used for both splitting and writing.
"""
