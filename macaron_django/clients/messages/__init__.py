"""A call's messages: requests are made of arguments, and values of answers. Nothing is sent in here.

Open ``call_requests`` for parameters and headers, ``call_bodies`` for bodies, ``base_urls`` for where an API is,
``supplied_credentials`` for security schemes, ``passed_headers`` for what is passed on of the request being served, and
``call_answers`` for what comes back.
"""
