"""The documentation says what the code does, because what it shows is executed here.

- A ``python`` block runs in the example project, with those above it on its page; ``>>>`` blocks are doctests, and
  a block with tests in it is given to pytest. A block that begins with ``# path/of/a/file.py`` shows a file: it has to
  compile, and to be part of that file where it is the example project's.
- In a ``console`` block, ``curl`` and ``manage.py`` are run against a server of the page's own, and what is shown
  below them has to be the answer. IDs, times, ports and cursors may differ; ``…`` stands for anything.
- A ``yaml`` block that begins with ``# apis/name.yaml`` is an API of the page's own: it is served, with the Python
  files that the page shows, and the page's console blocks are run against it.
"""

from __future__ import annotations

import argparse
import difflib
import itertools
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import pytest

from macaron_django import openapi
from macaron_django.conf import DEFAULTS
from macaron_django.openapi import Parameter
from macaron_django.schemas.styles import style_texts

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *(page for page in sorted(DOCS.rglob("*.md")) if "_build" not in page.parts)]
OWN_PROJECT = DOCS / "how-to" / "own-project.md"
#: Shows faults, each in an example of its own, which ``test_docs_checks`` tries.
FAULTS = DOCS / "reference" / "checks.md"
#: What people search for, and the page that they are looking for.
SEARCHED = {
    "migrate from pymacaron": "how-to/coming-from-pymacaron",
    "scan forbidden": "reference/queries",
    "comparison": "explanation/why",
}
#: What pages of their own APIs upload, by file name.
UPLOADS = {"lamp.png": b"\x89PNG", "lamp.gif": b"GIF8"}
NEW_PROJECT = DOCS / "how-to" / "start-project.md"


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


class Block(NamedTuple):
    page: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{name_of(self.page)}:{self.line}"


def blocks(page: Path, language: str) -> list[Block]:
    text = page.read_text("utf-8")
    found = re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(page, text.count("\n", 0, match.start(1)) + 1, match[1]) for match in found]


# ------------------------------------------------------------------ settings, links, the build


def rows(page: str) -> set[str]:
    """The first cell of each table row of a page, where it is code."""
    return set(re.findall(r"^\| `([^`]+)` \|", (DOCS / page).read_text("utf-8"), re.MULTILINE))


def test_every_setting_has_a_row_and_every_row_a_setting():
    sections = {key for key, value in DEFAULTS.items() if isinstance(value, dict) and value}
    keys = set(DEFAULTS) - sections
    keys.update(nested for section in sections for nested in DEFAULTS[section])
    assert rows("reference/settings.md") == keys


def test_the_table_of_styles_shows_how_values_are_written():
    text = (DOCS / "how-to" / "parameters.md").read_text("utf-8")
    table = re.findall(r"^\| (path|query|header) \| `(\w+)`[^|]* \| (true|false)[^|]* \|(.*)\|$", text, re.MULTILINE)
    assert len(table) == 13
    for location, style, explode, cells in table:
        parameter = Parameter("color", location, True, None, style, explode == "true")
        for value, cell in zip(("blue", ["blue", "black"], {"R": 100, "G": 200}), cells.split("|"), strict=True):
            shown = cell.strip().strip("`")
            assert not shown or spelled(parameter, value) == shown, (location, style, explode)


def spelled(parameter: Parameter, value: Any) -> str:
    if parameter.location == "query":
        return "&".join(f"{name}={text}" for name, text in style_texts.query_pairs(parameter, value))
    write = {"path": style_texts.path_text, "header": style_texts.header_text}[parameter.location]
    return write(parameter, value)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"], ids=name_of)
def test_a_page_says_nothing_twice_as_after_a_merge(page):
    text = re.sub(r"^( *)```.*?^\1```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for block in re.split(r"\n\s*\n", text):
        keys = re.findall(r"^\| (`[^|]*)", block, re.MULTILINE)
        assert sorted(keys) == sorted(set(keys))
        prose = [line for line in block.splitlines() if len(line) > 50 and not line.startswith("|")]
        for line, other in itertools.chain.from_iterable(zip(prose, prose[gap:], strict=False) for gap in (1, 2, 3)):
            same = difflib.SequenceMatcher(None, line, other)
            assert same.quick_ratio() < 0.85 or same.ratio() < 0.85, line


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_leads_only_to_pages_that_exist(page):
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page}: {target}"


def test_the_documentation_builds_without_warnings_and_is_found(tmp_path):
    command = ["-W", "-n", "--keep-going", "-q", "-b", "html", "-d", str(tmp_path / "doctrees"), str(DOCS)]
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", *command, str(tmp_path / "html")], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    site = tmp_path / "html"
    assert (site / "tutorial" / "quickstart.html").exists()

    # llms.txt lists a Markdown file for each page.
    listed = re.findall(r"^- \[.+\]\((.+)\)$", (site / "llms.txt").read_text("utf-8"), re.MULTILINE)
    assert {f"_sources/{page.relative_to(DOCS)}" for page in PAGES if DOCS in page.parents} == set(listed)
    assert [path for path in listed if not (site / path).read_text("utf-8").strip()] == []

    # Sphinx's search shows pages first whose titles or index entries hold what was searched for.
    index = json.loads((site / "searchindex.js").read_text("utf-8").removeprefix("Search.setIndex(").removesuffix(")"))
    for searched, page in SEARCHED.items():
        found = {index["docnames"][number] for number, *_ in index["indexentries"][searched]}
        assert found == {page}, searched


# ------------------------------------------------------------------ python blocks

FILE = re.compile(r"# ([\w/.-]+\.py)\n")

#: What a page's blocks become: one test that executes them in turn, told where each stands.
RUNNER = """
import doctest

import pytest


@pytest.mark.django_db
def test_the_blocks_of_the_page_run(dynamodb):
    namespace = {"__name__": "page"}
    for place, line, text in BLOCKS:
        if ">>>" not in text:
            exec(compile("\\n" * (line - 1) + text, place, "exec"), namespace)
            continue
        example = doctest.DocTestParser().get_doctest(text, namespace, place, place, line - 1)
        complaints = []
        doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=complaints.append, clear_globs=False)
        namespace.update(example.globs)
        assert not complaints, "".join(complaints)
"""


def is_test(block: Block) -> bool:
    return "def test_" in block.text


@pytest.mark.parametrize(
    "block", [block for page in PAGES for block in blocks(page, "python") if FILE.match(block.text)], ids=str
)
def test_a_block_that_shows_a_file_is_part_of_it(block):
    compile(block.text, str(block), "exec")
    path = ROOT / FILE.match(block.text)[1]
    if path.exists():
        assert block.text.partition("\n")[2].strip() in path.read_text("utf-8")


def test_python_blocks_run_in_the_example_project(example):
    folder = example.folder / "pages"
    folder.mkdir()
    (folder / "pytest.ini").write_text(
        "[pytest]\nDJANGO_SETTINGS_MODULE = config.settings\npythonpath = ../example_project\n"
        "django_find_project = false\naddopts = --import-mode=importlib --strict-markers\nfilterwarnings = error\n"
    )
    for page in PAGES:
        if page == FAULTS:
            continue
        shown = [block for block in blocks(page, "python") if not FILE.match(block.text)]
        executed = [(str(block), block.line, block.text) for block in shown if not is_test(block)]
        module = "test_" + re.sub(r"\W", "_", name_of(page))
        if executed:
            (folder / f"{module}.py").write_text(f"BLOCKS = {executed!r}\n{RUNNER}", "utf-8")
        if any(map(is_test, shown)):
            tests = "".join(block.text for block in shown if is_test(block))
            (folder / f"{module}_tests.py").write_text(tests, "utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-m",
            "not aws",
            "-o",
            "python_files=test_*.py",
        ],
        cwd=folder,
        env=example.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def specs() -> list[Block]:
    """The blocks that are whole documents."""
    pages = [page for page in PAGES if page != FAULTS]
    return [
        block for page in pages for block in blocks(page, "yaml") if block.text.startswith(("openapi:", "swagger:"))
    ]


@pytest.mark.parametrize("block", specs(), ids=str)
def test_a_document_that_a_page_shows_has_no_findings(block, tmp_path):
    (tmp_path / "shown.yaml").write_text(block.text, "utf-8")
    assert openapi.check(openapi.load(tmp_path / "shown.yaml")) == ()


def own_apis(page: Path) -> list[Block]:
    return [block for block in blocks(page, "yaml") if block.text.startswith("# apis/")]


WITH_OWN_APIS = [page for page in PAGES if page != OWN_PROJECT and own_apis(page)]

# ------------------------------------------------------------------ console blocks

SERVER = "http://127.0.0.1:8000"
#: Commands of `manage.py` that a test may run: they end, and change only the project's own data.
SHORT = ("check", "checkspec", "dynamodb", "makemigrations", "showapi", "synctables", "token")

curl = argparse.ArgumentParser(prog="curl", exit_on_error=False)
curl.add_argument("url")
curl.add_argument("-X", dest="method")
curl.add_argument("-H", dest="headers", action="append", default=[])
curl.add_argument("-d", dest="content")
curl.add_argument("-i", dest="include", action="store_true")
curl.add_argument("-s", dest="silent", action="store_true")
curl.add_argument("-g", dest="globoff", action="store_true")
curl.add_argument("-F", dest="form", action="append", default=[])


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """Each command of a console block, and what is shown below it."""
    text = block.text.replace("\\\n", " ")
    for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
        yield command, shown.strip("\n")


def parts(form: list[str]) -> list[tuple[str, tuple[str | None, bytes] | tuple[str, bytes, str]]]:
    """What curl's ``-F name=text`` and ``-F name=@file;type=…`` send."""
    found: list[tuple[str, Any]] = []
    for name, value in (each.split("=", 1) for each in form):
        file, _, media_type = value.removeprefix("@").partition(";type=")
        found.append((name, (file, UPLOADS[file], media_type) if value[:1] == "@" else (None, value.encode())))
    return found


class Terminal:
    """A shell that knows `curl`, `manage.py` and variables."""

    def __init__(self, project: Any) -> None:
        self.project = project
        self.variables: dict[str, str] = {}

    @cached_property
    def client(self) -> Any:
        return self.project.serve()

    def run(self, command: str) -> str | None:
        """What a command prints; None for one that tests leave alone."""
        assigned = re.fullmatch(r"(\w+)=\$\((.*)\)", command)
        if assigned:
            printed = self.run(assigned[2])
            self.variables[assigned[1]] = (printed or "").strip()
            return ""
        try:
            words = shlex.split(Template(command).safe_substitute(self.variables), comments=True)
        except ValueError:  # an unclosed quote: nothing that is run here
            return None
        if words[0] == "curl":
            return self.curl(words[1:])
        if words[0].endswith("python") and words[1:2] == ["manage.py"] and words[2] in SHORT:
            return str(self.project.manage(*words[2:], code=None).stdout)
        return None

    def curl(self, words: list[str]) -> str:
        given = curl.parse_args(words)
        method = given.method or ("POST" if given.content or given.form else "GET")
        headers = dict(header.split(": ", 1) for header in given.headers)
        sent: dict[str, Any] = {"files": parts(given.form)} if given.form else {"content": given.content}
        answer = self.client.request(method, given.url.removeprefix(SERVER), headers=headers, **sent)
        if not given.include:
            return answer.text
        lines = [f"{name.title().replace('Www-', 'WWW-')}: {value}" for name, value in answer.headers.items()]
        return "\n".join([f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}", *lines, "", answer.text])


CHANGING = {
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}": "<uuid>",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z": "<time>",
    r"127(\.\d{1,3}){3}:\d+": "<server>",
    r"process \d+": "process <pid>",
    r"cursor=[\w-]+": "cursor=<cursor>",
    r"\beyJ[\w.…-]+": "<token>",
}


def settled(text: str) -> str:
    for pattern, name in CHANGING.items():
        text = re.sub(pattern, name, text)
    return text


def fits(shown: str, line: str) -> bool:
    return re.fullmatch(re.escape(shown.strip()).replace("…", ".*"), line.strip(), re.DOTALL) is not None


def check_answer(shown: str, printed: str) -> None:
    shown, printed = settled(shown), settled(printed)
    if shown.startswith("HTTP/"):
        (shown, _, shown_body), (printed, _, body) = shown.partition("\n\n"), printed.partition("\n\n")
        check_body(shown_body, body)
    elif shown[:1] in ("{", "["):
        check_body(shown, printed)
        return
    for line in filter(None, map(str.strip, shown.splitlines())):
        assert line == "…" or any(fits(line, candidate) for candidate in printed.splitlines()), (line, printed)


def check_body(shown: str, body: str) -> None:
    if "\n{" in shown:  # lines of JSON
        assert shown.splitlines() == body.splitlines()
        return
    shown = re.sub(r"\s*\n\s*", " ", shown).strip()
    if "…" in shown or shown[:1] not in ("{", "["):
        assert fits(shown, body), (shown, body)
    else:
        assert comparable(json.loads(body)) == comparable(json.loads(shown))


def comparable(answer: Any) -> Any:
    """An answer without the order of its errors, which means nothing."""
    if isinstance(answer, dict) and "errors" in answer:
        errors = sorted(answer["errors"], key=lambda error: str(error["pointer"]))
        return answer | {"errors": errors, "error_description": sorted(answer["error_description"].split("; "))}
    return answer


def faults_of(page: Path, terminal: Terminal) -> Iterator[str]:
    """What a page's console blocks show otherwise than it is."""
    for block in blocks(page, "console"):
        for command, shown in commands(block):
            printed = terminal.run(command)
            try:
                check_answer(shown, shown if printed is None else printed)
            except AssertionError as failure:
                yield f"{block}: {command}\nprinted: {printed}\n{failure}"


def test_console_blocks_show_what_the_example_project_prints_and_answers(example, projects, tmp_path_factory):
    example.manage("dynamodb", "--stop", code=None)
    faults: list[str] = []
    for page in PAGES:
        if page in (OWN_PROJECT, NEW_PROJECT, *WITH_OWN_APIS) or not blocks(page, "console"):
            continue
        folder = tmp_path_factory.mktemp("page") / "project"
        shutil.copytree(example.folder, folder, ignore=shutil.ignore_patterns("*.lock", "*.log"))
        faults += faults_of(page, Terminal(projects(folder)))
    assert not faults, "\n\n".join(faults)


def test_pages_with_apis_of_their_own_show_what_these_answer(tmp_path, projects):
    shutil.copytree(ROOT / "tests" / "fixtures" / "project", tmp_path, dirs_exist_ok=True)
    secret = "only-for-tests-only-for-tests-only-for-tests"
    engine = f'MACARON = {{"DYNAMODB": {{"ENGINE": "embedded"}}, "JWT": {{"SECRET": "{secret}"}}}}\n'
    (tmp_path / "case_settings.py").write_text(engine, "utf-8")
    for page in WITH_OWN_APIS:
        files = [(block.text.split("\n", 1)[0].removeprefix("# "), block.text) for block in own_apis(page)]
        files += [(FILE.match(each.text)[1], each.text) for each in blocks(page, "python") if FILE.match(each.text)]
        for name, text in files:
            (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
            (tmp_path / name).write_text(text, "utf-8")
    project = projects(tmp_path)
    checked = project.manage("check", "--fail-level", "WARNING")
    assert "no issues" in checked.stdout
    project.manage("synctables")
    terminal = Terminal(project)
    faults = [fault for page in WITH_OWN_APIS for fault in faults_of(page, terminal)]
    assert not faults, "\n\n".join(faults)


def test_a_project_of_ones_own_is_as_its_page_says(tmp_path, projects):
    subprocess.run([sys.executable, "-m", "django", "startproject", "mysite", str(tmp_path)], check=True)
    shown = {FILE.match(block.text)[1]: block.text for block in reversed(blocks(OWN_PROJECT, "python"))}
    first = re.search(r'INSTALLED_APPS = \[\n((?:(?! *"django).*\n)*)', shown["mysite/settings.py"])[1]
    second = re.search(r"^MACARON = .*", shown["mysite/settings.py"], re.MULTILINE)[0]
    settings = tmp_path / "mysite" / "settings.py"
    written = settings.read_text("utf-8").replace("INSTALLED_APPS = [", f"INSTALLED_APPS = [\n{first}")
    settings.write_text(f"{written}\n{second}\n", "utf-8")
    for name in ("mysite/urls.py", "mysite/wsgi.py"):
        (tmp_path / name).write_text(shown[name], "utf-8")
    (tmp_path / "apis").mkdir()
    (spec,) = blocks(OWN_PROJECT, "yaml")
    (tmp_path / "apis" / "notes.yaml").write_text(spec.text, "utf-8")

    project = projects(tmp_path)
    project.manage("migrate", "--verbosity", "0")
    subprocess.run([sys.executable, "-c", "import mysite.wsgi"], cwd=tmp_path, env=project.environment, check=True)
    (start,) = (block for block in blocks(OWN_PROJECT, "console") if "synctables" in block.text)
    shown_tables = dict(commands(start))["python manage.py synctables"]
    check_answer(shown_tables, project.manage("synctables").stdout)
    terminal = Terminal(project)
    asked = [pair for block in blocks(OWN_PROJECT, "console") for pair in commands(block) if "curl" in pair[0]]
    for command, answer in asked:
        check_answer(answer, terminal.run(command) or "")


class NewProjectTerminal:
    """A shell in an empty folder with two specs, and then in the project that it starts there."""

    def __init__(self, folder: Path, projects: Any) -> None:
        self.folder, self.projects = folder, projects
        shutil.copy(ROOT / "tests" / "fixtures" / "starting" / "petstore.yaml", folder)

    def run(self, command: str) -> str | None:
        words = shlex.split(command)
        if words[:3] == ["python", "-m", "macaron_django"]:
            done = subprocess.run(
                [sys.executable, *words[1:]], cwd=self.folder, capture_output=True, text=True, check=True
            )
            return done.stdout
        if words[2:3] in (["startapi"], ["handlers"]):
            return str(self.projects(self.folder / "store").manage(*words[2:]).stdout)
        return None

    def grow(self) -> None:
        """What the page says has happened: a second spec, an operation more, and a handler whose operation is gone."""
        store = self.folder / "store"
        (store / "payments.yaml").write_text("openapi: 3.1.0\ninfo: {title: Payments, version: '1'}\npaths: {}\n")
        spec, handlers = store / "apis/petstore/petstore.yaml", store / "apis/petstore/handlers.py"
        added = "  /pets/{petId}/sell:\n    post: {operationId: sell-pet, responses: {'204': {description: Sold.}},\n"
        added += "      parameters: [{name: petId, in: path, required: true, schema: {type: string}}]}\ncomponents:\n"
        spec.write_text(spec.read_text("utf-8").replace("components:\n", added, 1), "utf-8")
        handlers.write_text(f"{handlers.read_text('utf-8')}\n\ndef buy_pet() -> None:\n    pass\n", "utf-8")


def test_a_new_project_is_as_its_page_says(tmp_path, projects):
    terminal = NewProjectTerminal(tmp_path, projects)
    for block in blocks(NEW_PROJECT, "console"):
        for command, shown in commands(block):
            if command.startswith("python manage.py startapi"):
                terminal.grow()
            printed = terminal.run(command)
            check_answer(shown, shown if printed is None else printed)
    (stub,) = blocks(NEW_PROJECT, "python")
    assert stub.text.partition("\n")[2] in (tmp_path / "store/apis/petstore/handlers.py").read_text("utf-8")
