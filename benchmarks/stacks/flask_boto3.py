"""Flask, boto3 and pydantic: the libraries of PyMacaron's services."""

import boto3
import boto_profile
from botocore.exceptions import ClientError
from environment import ACCESS_KEY, ENDPOINT, REGION, SECRET_KEY, TABLE
from flask import Flask, Response, request
from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError
from pydantic_profile import ProfileIn, ProfileOut

table = boto3.resource(
    "dynamodb",
    region_name=REGION,
    endpoint_url=ENDPOINT,
    aws_access_key_id=ACCESS_KEY,
    aws_secret_access_key=SECRET_KEY,
).Table(TABLE)
app = application = Flask(__name__)
ABSENT = "ConditionalCheckFailedException"


class Parameters(BaseModel):
    model_config = ConfigDict(extra="ignore")

    limit: int = Field(100, ge=1, le=1000)
    cursor: str | None = None


class Profiles(RootModel[list[ProfileOut]]):
    pass


def answer(model: BaseModel, status: int = 200) -> Response:
    return Response(model.model_dump_json(exclude_none=True), status, mimetype="application/json")


@app.errorhandler(ValidationError)
def invalid(error: ValidationError):
    return {"errors": error.errors(include_url=False, include_context=False, include_input=False)}, 400


@app.get("/profiles")
def list_profiles():
    parameters = Parameters.model_validate(request.args.to_dict())
    start = {"ExclusiveStartKey": {"profile_id": parameters.cursor}} if parameters.cursor else {}
    page = table.scan(Limit=parameters.limit, **start)
    response = answer(Profiles.model_validate(page["Items"]))
    if "LastEvaluatedKey" in page:
        response.headers["Link"] = boto_profile.next_link(parameters.limit, page["LastEvaluatedKey"]["profile_id"])
    return response


@app.post("/profiles")
def create_profile():
    profile = boto_profile.new(ProfileIn.model_validate_json(request.data).model_dump(exclude_none=True))
    try:
        table.put_item(Item=profile, ConditionExpression="attribute_not_exists(profile_id)")
    except ClientError as error:
        if error.response["Error"]["Code"] == ABSENT:
            return {"detail": "taken"}, 409
        raise
    return answer(ProfileOut.model_validate(profile), 201)


@app.get("/profiles/<profile_id>")
def get_profile(profile_id: str):
    item = table.get_item(Key={"profile_id": profile_id}).get("Item")
    return ({"detail": "no such profile"}, 404) if item is None else answer(ProfileOut.model_validate(item))


@app.put("/profiles/<profile_id>")
def replace_profile(profile_id: str):
    body = ProfileIn.model_validate_json(request.data).model_dump(exclude_none=True)
    expression, names, values = boto_profile.replacement(body)
    try:
        updated = table.update_item(
            Key={"profile_id": profile_id},
            UpdateExpression=expression,
            ConditionExpression="attribute_exists(profile_id)",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == ABSENT:
            return {"detail": "no such profile"}, 404
        raise
    return answer(ProfileOut.model_validate(updated["Attributes"]))
