"""Builds requests from arguments, and parses responses. Sends nothing.

The modules:

- ``call_requests``: parameters and headers
- ``call_bodies``: bodies
- ``base_urls``: the base URL
- ``supplied_credentials``: the credentials for security schemes
- ``passed_headers``: the headers that are copied from the request being served
- ``call_answers``: responses
"""
