"""Writes the IAM policy that allows the given actions on tables, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from macaron_django.dynamodb.tables.table_accesses import TableAccess

__all__ = ["LONGEST_POLICY", "AWSAccount", "policy_for", "policy_size", "statements_of"]

#: The most characters of a managed policy, not counting white space (AWS, "IAM and STS quotas").
LONGEST_POLICY: Final = 6144


@dataclass(frozen=True)
class AWSAccount:
    """The account and region of tables. ``partition`` is "aws", "aws-cn" (China) or "aws-us-gov" (GovCloud)."""

    number: str
    region: str
    partition: str = "aws"

    def arn(self, table: str, index: str = "") -> str:
        """Returns the ARN of a table, or of one of its indexes."""
        below = f"/index/{index}" if index else ""
        return f"arn:{self.partition}:dynamodb:{self.region}:{self.number}:table/{table}{below}"


def policy_for(accesses: Iterable[TableAccess], account: AWSAccount) -> dict[str, Any]:
    """Returns a policy document. Tables and indexes on which the same actions are allowed share one statement.

    >>> account = AWSAccount("123456789012", "eu-west-1")
    >>> policy_for([TableAccess("profiles", "", "GetItem")], account)["Statement"][0]["Action"]
    ['dynamodb:GetItem']
    """
    statements = [
        {
            "Effect": "Allow",
            "Action": [f"dynamodb:{action}" for action in actions],
            "Resource": [account.arn(table, index) for table, index in resources],
        }
        for actions, resources in statements_of(accesses).items()
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def statements_of(accesses: Iterable[TableAccess]) -> Mapping[tuple[str, ...], list[tuple[str, str]]]:
    """Returns the tables and indexes, grouped by the actions that are allowed on them."""
    allowed: dict[tuple[str, str], list[str]] = {}
    for each in sorted(set(accesses)):
        allowed.setdefault((each.table, each.index), []).append(each.action)
    found: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for resource, actions in allowed.items():
        found.setdefault(tuple(actions), []).append(resource)
    return found


def policy_size(document: str) -> int:
    """Returns the number of characters of a policy that IAM counts towards ``LONGEST_POLICY``."""
    return sum(not character.isspace() for character in document)
