"""Converts the text of parameters and form fields to JSON values and back, in each of OpenAPI's styles.

A server splits the texts in requests, and a client writes them. Open ``parameter_styles`` for splitting texts,
``style_texts`` for writing values, and ``form_fields`` for writing the fields of forms.
"""
