"""Parameters and form fields as text, in each of OpenAPI's styles: read from received requests, written to sent ones.

It converts texts to JSON values and back. Open ``parameter_styles`` for how texts are split, ``style_texts``
for how values are written, and ``form_fields`` for how the fields of forms are written.
"""
