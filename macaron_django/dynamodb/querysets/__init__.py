"""Django's manager and query set over the items of a table: what admin, DRF and projects call.

``queryset`` filters, orders and slices; ``reads``, ``writes`` and ``bulk_writes`` hold the methods that send something,
and ``async_methods`` their asynchronous twins. Open ``field_lookups`` to add a lookup, ``update_expressions`` for
``update()`` with F(), and ``unsupported`` for what is refused, and with which message.
"""
