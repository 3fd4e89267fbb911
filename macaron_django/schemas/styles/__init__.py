"""Parameters and form fields as text, in each of OpenAPI's styles: read from received requests, written to sent ones.

It converts texts to JSON values and back. To change how texts are split open ``parameter_styles``; how values are
written, ``style_texts``; how the fields of forms are written, ``form_fields``.
"""
