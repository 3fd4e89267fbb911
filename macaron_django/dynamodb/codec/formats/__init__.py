"""The codecs of the formats. A codec encodes and decodes values, converts them to JSON, makes their sortable form for
keys, and measures their size.

``codec_of`` returns the codec of a schema. Each format has a module. To add a format, write its module, and add its
class to ``CODECS`` in ``schema_codecs.py``. ``base.py`` describes the methods that a codec can define.
"""
