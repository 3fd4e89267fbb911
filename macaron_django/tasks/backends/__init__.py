"""Defines the backends of tasks. A backend receives a task's message, and lets a worker or this process run the task.

Open ``immediate`` for the backend that runs tasks immediately in the same process, ``celery_broker`` for Celery with
Redis, and ``django_queue`` for Django's own tasks. ``celery_application`` has Celery's settings, ``redis_transport``
takes messages from Redis, and ``chosen_backend`` finds the backend that ``MACARON["TASKS"]["BACKEND"]`` names.
"""
