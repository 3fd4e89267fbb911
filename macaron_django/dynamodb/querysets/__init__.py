"""Django's manager and query set over the items of a table. The admin, DRF and projects use them.

``queryset`` filters, orders and slices. ``reads``, ``writes`` and ``bulk_writes`` have the methods that send calls, and
``async_methods`` has their asynchronous versions. ``field_lookups`` has the lookups, and ``update_expressions`` handles
``update()`` with F(). ``unsupported`` has the methods that are refused, and their messages.
"""
