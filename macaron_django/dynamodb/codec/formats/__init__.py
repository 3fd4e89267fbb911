"""The codecs of the formats. A codec encodes and decodes values, and converts them to JSON. It also converts the
values of keys to a form that DynamoDB sorts correctly, and measures the size of values.

``codec_of`` returns the codec of a schema. Each format has a module. To add a format, write its module, and add its
class to ``CODECS`` in ``schema_codecs.py``. ``base.py`` describes the methods that a codec can define.
"""
