"""Defines the options that choose where the persisted schemas of a new API are stored."""

from __future__ import annotations

from argparse import ArgumentParser

__all__ = ["add_storage_choice"]


def add_storage_choice(parser: ArgumentParser, otherwise: str) -> None:
    """Adds --dynamodb and --orm, which set ``storage``.

    ``otherwise`` is a sentence of the help text: it says what happens without these options.
    """
    kept = parser.add_mutually_exclusive_group()
    kept.add_argument(
        "--dynamodb",
        action="store_const",
        const="dynamodb",
        dest="storage",
        help=f"Use DynamoDB (x-persist) for the schemas that could be persisted. {otherwise}",
    )
    kept.add_argument(
        "--orm",
        action="store_const",
        const="orm",
        dest="storage",
        help="Use Django models (x-model) for the schemas that could be persisted, and write the models.",
    )
