"""A call's messages: makes requests from arguments, and values from answers. Nothing here sends anything.

Open ``call_requests`` for parameters and headers, ``call_bodies`` for bodies, ``base_urls`` for where an API is,
``supplied_credentials`` for security schemes, ``passed_headers`` for what is passed on from the request being served,
and ``call_answers`` for what comes back.
"""
