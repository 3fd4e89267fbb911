"""Has the backends of tasks, which receive a task's message and let a worker, or the same process, run it.

Open ``immediate`` for the backend that runs tasks at once in the same process, ``celery_broker`` for Celery with Redis,
and ``django_queue`` for Django's own tasks. ``celery_application`` has Celery's settings, ``redis_transport`` takes
messages from Redis, and ``chosen_backend`` finds the backend that ``MACARON["TASKS"]["BACKEND"]`` names.
"""
