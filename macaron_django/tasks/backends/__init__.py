"""The backends of tasks: at once in the same process, Celery with Redis, and Django's own tasks.

A message comes in and is handed over. Open ``immediate``, ``celery_broker`` or ``django_queue`` for one,
``celery_application`` for Celery's settings, ``redis_transport`` for how messages are taken from Redis, and
``chosen_backend`` for how ``MACARON["TASKS"]["BACKEND"]`` names one.
"""
