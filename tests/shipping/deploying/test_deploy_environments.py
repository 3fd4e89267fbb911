"""What ``manage.py check`` says about ``MACARON["DEPLOY"]``."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import checks
from django.test import override_settings

from macaron_django.shipping.deploying.deploy_environments import deploy_environments, deploy_problems
from macaron_django.shipping.deploying.deploy_steps import step_names

ECS = {
    "DRIVER": "ecs",
    "BASE_URL": "https://example.com",
    "REGION": "eu-west-1",
    "CLUSTER": "shop",
    "SERVICES": ["web"],
}
LAMBDA = {"DRIVER": "lambda", "BASE_URL": "https://example.com", "FUNCTION": "notes", "ALIAS": "live"}


def problems(*, repository: Any = "registry.example.com:5000/notes", **deploy: Any) -> list[str]:
    with override_settings(MACARON={"DEPLOY": {"REPOSITORY": repository, **deploy}}):
        return [f"{each.message.removeprefix('MACARON[')} {each.hint}" for each in deploy_problems()]


def live(**options: Any) -> list[str]:
    where = "'DEPLOY']['ENVIRONMENTS']['live']"
    return [each.removeprefix(where) for each in problems(ENVIRONMENTS={"live": options})]


def test_what_the_how_to_shows_is_right():
    assert problems(ENVIRONMENTS={"staging": ECS, "live": ECS}) == []
    assert problems(ENVIRONMENTS={"live": LAMBDA}, repository=None) == []
    assert problems() == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({**ECS, "SERVICE": "web"}, " has no key 'SERVICE'. Did you mean 'SERVICES'?"),
        ({**ECS, "SERVICES": "web"}, "['SERVICES'] is 'web'. It must be a list of strings."),
        ({**ECS, "SERVICES": []}, "['SERVICES'] has 0 names. List 1 to 10 services."),
        ({**ECS, "CLUSTER": ""}, "['CLUSTER'] is ''. It must be a string that isn't empty."),
        ({**ECS, "BASE_URL": "example.com"}, "['BASE_URL'] is 'example.com'. It must be an http or https URL"),
        ({**ECS, "BASE_URL": "https://a:b@example.com"}, "['BASE_URL'] is 'https://a:b@example.com'. It must be"),
        ({**ECS, "TIMEOUT": 0}, "['TIMEOUT'] is 0. It must be a whole number of seconds"),
        ({**ECS, "VARIABLES": {"DEBUG": True}}, "['VARIABLES'] has values that aren't strings. It must map names"),
        ({**ECS, "TABLES": "synctables"}, "['TABLES'] is 'synctables'. It must be a list of strings."),
        ({**ECS, "DRIVER": "fargate"}, "['DRIVER'] is 'fargate'. Use one of 'ecs', 'lambda', or the dotted path"),
        ({**ECS, "DRIVER": "shop.no.Driver"}, "['DRIVER'] is 'shop.no.Driver'. Use one of"),
        ({**LAMBDA, "ARCHITECTURE": "arm"}, "['ARCHITECTURE'] is 'arm'. Use one of 'arm64', 'x86-64'."),
        ({**ECS, "CLUSTER": None}, " has no CLUSTER. Add it."),
        ({**ECS, "SERVICES": 2}, "['SERVICES'] is 2. It must be a list of strings."),
        ({**ECS, "BASE_URL": "https://exam\nple.com"}, "['BASE_URL'] is 'https://exam\\nple.com'."),
        ({**ECS, "BASE_URL": "https://example.com:port"}, "['BASE_URL'] is 'https://example.com:port'."),
        (
            {**ECS, "REGION": "eu-west-1\n- run: id"},
            "['REGION'] is 'eu-west-1\\n- run: id'. Write an AWS region, such as 'eu-west-1'.",
        ),
        ({**ECS, "VARIABLES": {"A=B": "c"}}, "['VARIABLES'] has the name 'A=B'. Use letters, digits and '_'"),
        ({**ECS, "VARIABLES": {"TOKEN": "a\0"}}, "['VARIABLES']['TOKEN'] has a null character. Remove it."),
        ({**ECS, "TABLES": ["migrate 'now"]}, "['TABLES'] has \"migrate 'now\". Write a command of manage.py"),
        ({**ECS, "TABLES": [""]}, "['TABLES'] has ''. Write a command of manage.py"),
        ({**ECS, "DRIVER": ["ecs"]}, "['DRIVER'] is ['ecs']. Use one of"),
        ({**ECS, "DRIVER": ".ecs"}, "['DRIVER'] is '.ecs'. Use one of"),
        ({**ECS, "DRIVER": "os.path.join"}, "['DRIVER'] is 'os.path.join'. Use one of"),
        ({**LAMBDA, "ARCHITECTURE": ["arm64"]}, "['ARCHITECTURE'] is ['arm64']. Use one of"),
        ({"DRIVER": "lambda"}, " has no ALIAS. Add it."),
        ({}, " has no BASE_URL. Add it."),
    ],
)
def test_what_is_wrong_with_an_environment_is_said_with_its_place(options, problem):
    assert any(each.startswith(problem) for each in live(**options)), live(**options)


@pytest.mark.parametrize("name", ["Live", "push", "color", "live-acceptance", "no name", 1])
def test_an_environment_cannot_have_the_name_of_a_step_or_option(name):
    (problem,) = problems(ENVIRONMENTS={name: ECS})
    assert problem.startswith(f"'DEPLOY']['ENVIRONMENTS'] has the name {name!r}. Use lower-case letters")


@pytest.mark.parametrize(
    ("deploy", "problem"),
    [
        ({"ENVIRONMENTS": ["live"]}, "'DEPLOY']['ENVIRONMENTS'] is ['live']. Map each name"),
        ({"ENVIRONMENTS": {"live": "ecs"}}, "'DEPLOY']['ENVIRONMENTS']['live'] is 'ecs'. It must be a dictionary"),
        ({"ENVIRONMENTS": {"live": ECS}, "repository": None}, "'DEPLOY']['REPOSITORY'] is missing, but an environment"),
        ({"repository": "notes:latest"}, "'DEPLOY']['REPOSITORY'] is 'notes:latest'. It must be a registry's host"),
        ({"repository": "--help"}, "'DEPLOY']['REPOSITORY'] is '--help'."),
        ({"CONTAINER_ENGINE": "lxc"}, "'DEPLOY']['CONTAINER_ENGINE'] is 'lxc'. Use 'docker', 'podman' or None."),
        ({"PLATFORM": "arm64 --push"}, "'DEPLOY']['PLATFORM'] is 'arm64 --push'. Write it as 'linux/arm64'"),
        ({"UNIT_TESTS": "pytest"}, "'DEPLOY']['UNIT_TESTS'] is 'pytest'. It must be a list of strings."),
    ],
)
def test_what_is_wrong_beside_environments_is_said(deploy, problem):
    assert any(each.startswith(problem) for each in problems(**deploy)), problems(**deploy)


def test_commands_about_an_environment_have_its_region_unless_its_variables_say_otherwise():
    other = {**ECS, "VARIABLES": {"AWS_REGION": "us-east-1"}}
    with override_settings(MACARON={"DEPLOY": {"ENVIRONMENTS": {"live": ECS, "demo": other, "local": LAMBDA}}}):
        variables = [each.variables for each in deploy_environments()]
    assert variables == [
        {"PYM_ENV": "live", "AWS_REGION": "eu-west-1"},
        {"PYM_ENV": "demo", "AWS_REGION": "us-east-1"},
        {"PYM_ENV": "local"},
    ]


def test_check_reports_it():
    with override_settings(MACARON={"DEPLOY": {"ENVIRONMENTS": {"live": {}}}}):
        found = [each for each in checks.run_checks(tags=["macaron_django"]) if each.id == "macaron_django.E110"]
    assert [each.msg.partition("has no ")[2] for each in found] == ["BASE_URL.", "DRIVER."]
    assert found[0].hint == "Add it. `manage.py explaincheck E110` explains it."


def test_environments_are_released_in_the_order_of_the_setting():
    with override_settings(MACARON={"DEPLOY": {"ENVIRONMENTS": {"live": ECS, "demo": LAMBDA}}}):
        names = step_names(deploy_environments())
    assert names[-4:] == ["live", "live-acceptance", "demo", "demo-acceptance"]
