"""Has one codec for each format: it encodes and decodes values, shows them as JSON, sorts them in keys and measures
them.

``codec_of`` returns the codec of a schema. To change a format, open its module. To add one, write its module and put
its class into ``CODECS`` in ``schema_codecs.py``. ``base.py`` says what a codec may define.
"""
