"""Converts the text of parameters and form fields to JSON values and back, in each of OpenAPI's styles.

The server splits the texts of requests, and a client writes the texts of its requests. Open ``parameter_styles`` for
splitting texts, ``style_texts`` for writing values, and ``form_fields`` for writing the fields of forms.
"""
