"""Builds requests from arguments, and parses responses. Sends nothing.

Open ``call_requests`` for parameters and headers, ``call_bodies`` for bodies, and ``base_urls`` for the base URL. Open
``supplied_credentials`` for security schemes. Open ``passed_headers`` for the headers that are copied from the request
being served. Open ``call_answers`` for responses.
"""
