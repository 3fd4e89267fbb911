"""``manage.py package --lambda`` packs the project for AWS Lambda."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from macaron_django.conf import base_folder, settings
from macaron_django.management.spec_errors import read_or_refused
from macaron_django.shipping.packages.installed_requirements import ARCHITECTURES, RequirementsNotInstalledError
from macaron_django.shipping.packages.lambda_packages import make_lambda_package
from macaron_django.shipping.prebuilt_files import PrebuiltFolder, prebuilt_files

__all__ = ["Command"]


class Command(BaseCommand):
    help = (
        "Packs the project and its requirements into a zip file for AWS Lambda. The code is compiled for the "
        "Python version that runs this command, so the Lambda function must use the same version. Hidden files, "
        "tests, databases and keys are left out."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--lambda", action="store_true", required=True, dest="for_lambda", help="For AWS Lambda.")
        parser.add_argument(
            "--architecture",
            choices=sorted(ARCHITECTURES),
            default="arm64",
            help="The processor architecture of the function (default: %(default)s).",
        )
        parser.add_argument(
            "--requirements",
            metavar="FILE",
            type=Path,
            help="The requirements that pip installs (default: requirements.txt in the project's folder).",
        )
        parser.add_argument(
            "--out", metavar="FILE", type=Path, help="The zip file (default: lambda-ARCHITECTURE.zip in this folder)."
        )

        parser.add_argument(
            "--release", metavar="VERSION", default="", help="The version that /version shows as 'container'."
        )
        parser.add_argument(
            "--for-s3",
            action="store_true",
            help="The file will be uploaded to S3, so only its unpacked size is limited.",
        )
        parser.add_argument(
            "--services",
            metavar="NAMES",
            help="The AWS services that the project itself calls, such as s3,sqs. The package gets botocore's data "
            "only for these services and for the services that macaron_django calls. 'all' keeps the data of all "
            "services. If the requirements install boto3, the default is 'all'; otherwise no services are added.",
        )

    def handle(self, *_arguments: str, **options: Any) -> None:
        project, architecture = base_folder(), options["architecture"]
        requirements = options["requirements"] or project / "requirements.txt"
        if not requirements.is_file():
            raise CommandError(f"There is no {requirements}: pass the project's requirements as --requirements FILE.")
        file = options["out"] or Path(f"lambda-{architecture}.zip")
        services = None if options["services"] is None else options["services"].replace(",", " ").split()
        folder = settings.PREBUILT
        is_packed = folder is not None and not Path(folder).is_absolute()
        files = read_or_refused(prebuilt_files, None) if is_packed else {}

        def prebuild(content: Path) -> None:
            if is_packed:
                PrebuiltFolder(content / folder, files).update()

        try:
            made = make_lambda_package(
                project,
                requirements,
                file,
                architecture,
                prebuild,
                version=options["release"],
                for_s3=options["for_s3"],
                services=services,
            )
        except (OSError, RequirementsNotInstalledError, ValueError) as error:
            raise CommandError(str(error)) from error
        megabytes = 1024 * 1024
        self.stdout.write(
            f"Wrote {made.file}: {made.zipped / megabytes:.1f} MB, {made.unzipped / megabytes:.1f} MB unpacked, for "
            f"Python {sys.version_info.major}.{sys.version_info.minor} on {architecture}."
        )
        if made.services is not None:
            self.stdout.write(
                "In this package, botocore has data about only these services: "
                f"{', '.join(sorted(made.services))}. Add services with --services."
            )
