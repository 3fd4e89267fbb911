"""The driver of AWS Lambda against moto's server: upload, publish, alias, back."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from uuid import uuid4

import pytest

from macaron_django.shipping.deploying import DeployError, Release, ReleaseFiles, lambda_driver
from macaron_django.shipping.deploying.lambda_driver import LambdaDriver
from tests.shipping.deploying.conftest import REGION, ShownActions


def zipped(content: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        opened.writestr("code.py", content)
    return file.getvalue()


def files(folder: Path, version: str) -> ReleaseFiles:
    package = folder / f"{version}.zip"
    package.write_bytes(zipped(version))
    return ReleaseFiles(version, packages={"arm64": package})


@pytest.fixture
def function(aws) -> str:
    name = f"notes-{uuid4().hex[:8]}"
    trust = {"Version": "2012-10-17", "Statement": []}
    role = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    aws("lambda").create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="macaron_django.aws.lambda_handler",
        Architectures=["arm64"],
        Code={"ZipFile": zipped("first")},
    )
    return name


def driver(function: str, actions: ShownActions, **options: object) -> LambdaDriver:
    given = {"FUNCTION": function, "ALIAS": "live", "REGION": REGION, "TIMEOUT": 5, **options}
    return LambdaDriver(given, actions)


def deploy(one: LambdaDriver, files: ReleaseFiles) -> None:
    one.upload(files)
    one.wait(one.release(files))


def test_a_release_is_a_published_version_that_the_alias_has(aws, function, actions, tmp_path):
    live = driver(function, actions)
    assert live.current().version == ""
    deploy(live, files(tmp_path, "one"))
    assert live.current().version == "one"
    alias = aws("lambda").get_alias(FunctionName=function, Name="live")
    published = aws("lambda").get_function(FunctionName=function, Qualifier="live")["Configuration"]
    assert (alias["FunctionVersion"], published["Description"]) == ("1", "one")


def test_two_aliases_of_a_function_share_the_version_that_was_uploaded_once(function, actions, tmp_path):
    for alias in ("staging", "live"):
        deploy(driver(function, actions, ALIAS=alias), files(tmp_path, "one"))
    assert [line for line in actions.lines if "UpdateFunctionCode" in line] == [
        f"AWS Lambda UpdateFunctionCode FunctionName={function} Architectures=… ZipFile='<0.0 MB>'".replace("'", "")
    ]
    assert f"{function} already has one." in actions.lines


def test_going_back_and_back_again_reads_what_was_live_from_aws_alone(aws, function, tmp_path):
    for version in ("one", "two", "three"):
        deploy(driver(function, ShownActions(tmp_path)), files(tmp_path, version))
    for expected in ("two", "one"):
        elsewhere = driver(function, ShownActions(tmp_path))  # knows nothing of the releases
        release = elsewhere.back()
        elsewhere.wait(release)
        assert elsewhere.current().version == release.version == expected
    with pytest.raises(DeployError, match="doesn't contain the previous version"):
        driver(function, ShownActions(tmp_path)).back()
    # What was gone back from isn't in the history of the next release.
    deploy(driver(function, ShownActions(tmp_path)), files(tmp_path, "four"))
    assert aws("lambda").get_alias(FunctionName=function, Name="live")["Description"] == "macaron: 4 < 1"


def test_a_release_that_is_repeated_goes_back_to_what_was_before_it(function, actions, tmp_path):
    live = driver(function, actions)
    for version in ("one", "two", "two"):
        deploy(live, files(tmp_path, version))
    assert live.back().version == "one"


def test_an_alias_that_was_moved_by_other_means_is_where_the_next_release_goes_back_to(
    aws, function, actions, tmp_path
):
    live = driver(function, actions)
    for version in ("one", "two"):
        deploy(live, files(tmp_path, version))
    aws("lambda").update_alias(FunctionName=function, Name="live", FunctionVersion="1")
    deploy(live, files(tmp_path, "three"))
    assert live.back().version == "one"


def test_descriptions_of_other_tools_name_no_version(aws, function, actions, tmp_path):
    aws("lambda").publish_version(FunctionName=function, Description="Mend the search")
    live = driver(function, actions)
    with pytest.raises(DeployError, match="has no alias live, so there is no earlier release"):
        live.back()
    aws("lambda").create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    deploy(live, files(tmp_path, "two"))
    assert live.back() == live.current() == Release("", {"live": "1"})


def test_the_history_of_an_alias_stays_within_a_description():
    kept = lambda_driver._description([str(number) for number in range(1000, 2000)])
    assert len(kept) <= 256
    assert kept.startswith("macaron: 1000 < 1001 < ")
    assert lambda_driver._history({"FunctionVersion": "1000", "Description": kept})[:2] == ["1000", "1001"]


def test_a_large_package_goes_through_s3(aws, function, actions, tmp_path, monkeypatch):
    monkeypatch.setattr(lambda_driver, "MOST_DIRECT", 10)
    one = files(tmp_path, "one")
    with pytest.raises(DeployError, match="Set BUCKET to the name of an S3 bucket"):
        driver(function, actions).upload(one)
    bucket = f"{function}-packages"
    aws("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    deploy(driver(function, actions, BUCKET=bucket), one)
    stored = aws("s3").get_object(Bucket=bucket, Key=f"{function}/one.zip")["Body"].read()
    assert stored == one.packages["arm64"].read_bytes()
    assert driver(function, actions).current().version == "one"


def test_a_version_that_was_not_uploaded_cannot_be_released(function, actions, tmp_path):
    with pytest.raises(DeployError, match=r"has no version two\. Upload it: --from push"):
        driver(function, actions).release(ReleaseFiles("two"))
    with pytest.raises(DeployError, match="Make it: --from build"):
        driver(function, actions).upload(ReleaseFiles("two", packages={"arm64": tmp_path / "two.zip"}))


def test_a_dry_run_shows_the_calls_and_makes_none_that_changes(aws, function, tmp_path):
    actions = ShownActions(tmp_path, dry_run=True)
    one = ReleaseFiles("one", packages={"arm64": tmp_path / "one.zip"})
    live = driver(function, actions)
    live.upload(one)
    live.release(one)
    shown = [line.split()[2] for line in actions.lines]
    assert shown == ["UpdateFunctionCode", "PublishVersion", "CreateAlias"]
    versions = aws("lambda").list_versions_by_function(FunctionName=function)["Versions"]
    assert [each["Version"] for each in versions] == ["$LATEST"]
    assert aws("lambda").list_aliases(FunctionName=function)["Aliases"] == []


def test_what_aws_refuses_names_the_operation(aws, actions):
    with pytest.raises(DeployError, match=r"AWS Lambda ListAliases: .*no-such-function"):
        driver("no-such-function", actions).current()
