"""FastAPI on aiobotocore: asynchronous from the socket to DynamoDB."""

from contextlib import asynccontextmanager
from typing import Annotated, Any

import boto_profile
from aiobotocore.session import get_session
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError
from environment import ACCESS_KEY, ENDPOINT, ID, REGION, SECRET_KEY, TABLE
from fastapi import FastAPI, HTTPException, Path, Query, Request, Response
from pydantic_profile import ProfileIn, ProfileOut

serialize = TypeSerializer().serialize
deserialize = TypeDeserializer().deserialize
ABSENT = "ConditionalCheckFailedException"
ProfileId = Annotated[str, Path(pattern=ID)]


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with get_session().create_client(
        "dynamodb",
        region_name=REGION,
        endpoint_url=ENDPOINT,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    ) as client:
        app.state.client = client
        yield


app = FastAPI(openapi_url=None, lifespan=lifespan)


def profile(item: dict[str, Any]) -> dict[str, Any]:
    return {name: deserialize(value) for name, value in item.items()}


@app.get("/profiles", response_model_exclude_none=True)
async def list_profiles(
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: str | None = None,
) -> list[ProfileOut]:
    start = {"ExclusiveStartKey": {"profile_id": {"S": cursor}}} if cursor else {}
    page = await request.app.state.client.scan(TableName=TABLE, Limit=limit, **start)
    if "LastEvaluatedKey" in page:
        response.headers["Link"] = boto_profile.next_link(limit, page["LastEvaluatedKey"]["profile_id"]["S"])
    return [profile(item) for item in page["Items"]]  # type: ignore[misc]  # FastAPI validates them


@app.post("/profiles", status_code=201, response_model_exclude_none=True)
async def create_profile(request: Request, body: ProfileIn) -> ProfileOut:
    new = boto_profile.new(body.model_dump(exclude_none=True))
    try:
        await request.app.state.client.put_item(
            TableName=TABLE,
            Item={name: serialize(value) for name, value in new.items()},
            ConditionExpression="attribute_not_exists(profile_id)",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == ABSENT:
            raise HTTPException(409, "taken") from error
        raise
    return new  # type: ignore[return-value]


@app.get("/profiles/{profile_id}", response_model_exclude_none=True)
async def get_profile(request: Request, profile_id: ProfileId) -> ProfileOut:
    answer = await request.app.state.client.get_item(TableName=TABLE, Key={"profile_id": {"S": profile_id}})
    if "Item" not in answer:
        raise HTTPException(404, "no such profile")
    return profile(answer["Item"])  # type: ignore[return-value]


@app.put("/profiles/{profile_id}", response_model_exclude_none=True)
async def replace_profile(request: Request, profile_id: ProfileId, body: ProfileIn) -> ProfileOut:
    expression, names, values = boto_profile.replacement(body.model_dump(exclude_none=True))
    try:
        updated = await request.app.state.client.update_item(
            TableName=TABLE,
            Key={"profile_id": {"S": profile_id}},
            UpdateExpression=expression,
            ConditionExpression="attribute_exists(profile_id)",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={name: serialize(value) for name, value in values.items()},
            ReturnValues="ALL_NEW",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == ABSENT:
            raise HTTPException(404, "no such profile") from error
        raise
    return profile(updated["Attributes"])  # type: ignore[return-value]
