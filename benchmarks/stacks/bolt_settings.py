"""The settings of the stack on django-bolt, for its server and for the API."""

SECRET_KEY = "benchmark-benchmark-benchmark-benchmark"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["django_bolt"]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "bolt_urls"
BOLT_API = ["bolt_stack:api"]
