"""The test suite over each Python that Django allows, on the locked versions and on the lowest: `make matrix`."""

import nox

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True
# nox says which Pythons aren't here, and skips them; where CI is set, that is an error.

#: Django 6 needs Python 3.12. A "t" is the free-threaded build.
MATRIX = [
    ("3.10", "5.2"),
    ("3.11", "5.2"),
    ("3.12", "5.2"),
    ("3.13", "5.2"),
    ("3.14", "5.2"),
    ("3.12", "6.0"),
    ("3.13", "6.0"),
    ("3.14", "6.0"),
    ("3.13", "6.1"),
    ("3.14", "6.1"),
    ("3.14t", "6.1"),
]
LOWEST = "3.10"
NEWEST = "3.14"
#: orjson has no wheel for free-threaded Pythons: it is compiled, with Rust, against its author's advice, and would
#: switch the interpreter lock on again.
FREE_THREADED = {"ORJSON_BUILD_FREETHREADED": "1", "UNSAFE_PYO3_BUILD_FREE_THREADED": "1", "PYTHON_GIL": "0"}


def install(session: nox.Session, lock: str) -> None:
    """What a file of requirements/ pins, then the package itself, for which nothing more is fetched."""
    session.install("--require-hashes", "--requirement", f"requirements/{lock}.txt")
    session.install("--no-deps", "--no-build-isolation", "--editable", ".")


@nox.session
@nox.parametrize(("python", "django"), MATRIX)
def tests(session: nox.Session, django: str) -> None:
    """The locked versions, with the Django that the matrix names."""
    if str(session.python).endswith("t"):
        session.env.update(FREE_THREADED)
    install(session, "test")
    session.install(f"Django~={django}.0")
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session(python=LOWEST)
def lowest(session: nox.Session) -> None:
    """The lowest versions that setup.py allows."""
    install(session, "lowest")
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session(python=NEWEST, default=False)
def newest(session: nox.Session) -> None:
    """The newest versions that setup.py allows, whatever the locks say: `nox -s newest`."""
    session.install("--upgrade", "--upgrade-strategy", "eager", "--editable", ".[test]")
    session.run("pytest", "-n", "auto", *session.posargs)
