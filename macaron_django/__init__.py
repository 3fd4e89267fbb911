"""Serve an OpenAPI file with Django REST framework, and keep its schemas in Amazon DynamoDB."""

__version__ = "0.1.0"
