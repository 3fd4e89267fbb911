"""The package's metadata; build system and tool settings stand in pyproject.toml.

The version is read as text: importing the package here would need Django
before it is installed.
"""

import os
import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
#: Where a release is built, as the release workflow says. A build elsewhere has no URLs, rather than wrong ones.
REPOSITORY = os.environ.get("RELEASE_REPOSITORY")
PATHS = {
    "Homepage": "",
    "Documentation": "/tree/main/docs",
    "Source": "",
    "Issues": "/issues",
    "Changelog": "/blob/main/CHANGELOG.md",
    "Security": "/security/policy",
}
VERSION = re.search(
    r'^__version__ = "([^"]+)"', (ROOT / "macaron_django" / "version.py").read_text("utf-8"), re.MULTILINE
).group(1)  # type: ignore[union-attr]

MOTO = ["moto[dynamodb]>=5.1", "flask>=3", "flask-cors>=5"]
CLIENTS = ["httpx>=0.28", "tenacity>=9"]  # to call other APIs by their spec
DEMO = [*MOTO, *CLIENTS, "django-cors-headers>=4.7"]  # what the example project needs
ACCEPTANCE = ["pytest>=8.4", "requests>=2.32"]
# Tracers' code runs on event loops in greenlets, where that is installed.
OTEL = ["opentelemetry-api>=1.45", "greenlet>=3.5"]
SENTRY = ["sentry-sdk>=2.75", "greenlet>=3.5"]
# To serve requests on Lambda, and what boto3 can do beside PynamoDB: `macaron_django.dynamodb.get_dynamodb()`.
AWS = ["apig-wsgi>=2.20", "boto3>=1.43"]
CELERY = ["celery>=5.6", "redis>=6.4", "packaging>=24"]  # kombu imports packaging to speak to Redis
# Django 6 has tasks of its own; the package django-tasks-db is a worker for these, too.
DJANGO_TASKS = ["django-tasks>=0.12", "django-tasks-db>=0.13"]
PROMETHEUS = ["prometheus-client>=0.21"]
LOGS = ["python-json-logger>=3.2"]
DOCS = ["sphinx>=8", "furo>=2025.7", "myst-parser>=4", "sphinx-llms-txt>=0.7"]
TEST = [
    *AWS,
    *DEMO,
    *DOCS,
    *ACCEPTANCE,
    *OTEL,
    *SENTRY,
    *CELERY,
    *DJANGO_TASKS,
    "aws-xray-sdk>=2.15",
    *PROMETHEUS,
    *LOGS,
    *AWS,
    "babel>=2.16",
    "boto3-stubs[dynamodb]>=1.40",
    "celery-types>=0.24",
    "cfn-lint>=1.20",
    "ddtrace>=4.16",
    "django-environ>=0.12",
    "django-jazzmin>=3.0.5",
    "django-stubs>=5.2",
    "django-unfold>=0.91; python_version >= '3.11'",
    "djangorestframework-stubs>=3.16",
    "granian>=2.5",
    "gunicorn>=23",
    "h2>=4.2",
    "hypothesis>=6.130",
    "hypothesis-jsonschema>=0.23",
    "import-linter>=2.4",
    "matplotlib>=3.10",
    "mypy>=1.17",
    "opentelemetry-exporter-otlp-proto-http>=1.45",
    "opentelemetry-instrumentation-botocore>=0.66b2",
    "opentelemetry-instrumentation-django[asgi]>=0.66b2",
    "opentelemetry-sdk>=1.45",
    "playwright>=1.50",
    "python-hcl2>=8.1",
    "pytest-django>=4.11",
    "pytest-xdist>=3.8",
    "ruff>=0.12",
    "snapshot-restore-py>=1",
    "schemathesis>=4.32; python_version >= '3.11'",
    "schemathesis==4.23.0; python_version < '3.11'",  # later ones for 3.10 want an older jsonschema-rs
    "types-PyYAML>=6",
    "types-tqdm>=4.66",
    "uvicorn>=0.35",
    "whitenoise>=6.9",
    "wrapt>=2.1",
]

setup(
    name="macaron_django",
    version=VERSION,
    description="Serve an OpenAPI file with Django REST framework, and keep its schemas in DynamoDB.",
    long_description=(ROOT / "README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    author="The macaron_django authors",
    project_urls={name: f"{REPOSITORY}{path}" for name, path in PATHS.items()} if REPOSITORY else {},
    keywords=["django", "openapi", "swagger", "rest", "dynamodb", "pynamodb", "contract-first"],
    license="MIT",
    license_files=["LICENSE"],
    python_requires=">=3.10",
    packages=find_packages(include=["macaron_django", "macaron_django.*"]),
    package_data={
        "macaron_django": [
            "py.typed",
            "apis/*.yaml",
            "static/**/*",
            "templates/**/*.html",
            "locale/*/LC_MESSAGES/*",
            "management/checks.md",  # a link to the page of the documentation: a wheel has its text
            "shipping/templates/**/*-tpl",
        ]
    },
    # Ranges, with tested lower bounds (`nox -s lowest`). `make run` and `make test` install what requirements/ pins.
    install_requires=[
        "Django>=5.2",
        "djangorestframework>=3.18.1",
        "drf-spectacular[sidecar]>=0.30",
        "pynamodb>=6.1",
        "PyJWT[crypto]>=2.14",
        "jsonschema-rs>=0.60",
        "orjson>=3.12",
        "msgspec>=0.20",
        "ryaml>=0.5",
        "PyYAML>=6",
        "filelock>=3.16",
        "rstr>=3.2.2",
        "tqdm>=4.66.3",
        "inflection>=0.5.1",
    ],
    extras_require={
        "acceptance": ACCEPTANCE,
        "aws": AWS,
        "celery": CELERY,
        "clients": CLIENTS,
        "demo": DEMO,
        "django-tasks": DJANGO_TASKS,
        "docs": DOCS,
        "logs": LOGS,
        "moto": MOTO,
        "otel": OTEL,
        "prometheus": PROMETHEUS,
        "sentry": SENTRY,
        "test": TEST,
    },
    entry_points={
        "console_scripts": ["macaron_django = macaron_django.__main__:main"],
        "pytest11": ["macaron_django = macaron_django.testing.plugin"],
    },
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Web Environment",
        "Framework :: Django",
        "Framework :: Django :: 5.2",
        "Framework :: Django :: 6.0",
        "Framework :: Django :: 6.1",
        "Intended Audience :: Developers",
        "Operating System :: MacOS",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: Python :: 3.14",
        "Programming Language :: Python :: Implementation :: CPython",
        "Topic :: Database",
        "Topic :: Internet :: WWW/HTTP",
        "Typing :: Typed",
    ],
)
