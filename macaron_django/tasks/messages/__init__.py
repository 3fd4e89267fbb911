"""What goes from the caller of a task to its worker, as signed JSON: the arguments, and who the caller is.

Python values come in and go out. Open ``argument_json`` for what arguments and results may be, ``callers`` for what a
worker sees of the caller, ``served_requests`` for what counts as a request, and ``task_messages`` for the message.
"""
