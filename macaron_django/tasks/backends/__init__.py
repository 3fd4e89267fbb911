"""Defines the backends of tasks. A backend receives a task's message, and lets a worker or this process run the task.

The modules:

- ``immediate``: the backend that runs tasks immediately in the same process
- ``celery_broker``: Celery with Redis
- ``celery_application``: Celery's settings
- ``redis_transport``: taking messages from Redis
- ``django_queue``: Django's own tasks
- ``chosen_backend``: the choice of the backend that ``MACARON["TASKS"]["BACKEND"]`` names
"""
