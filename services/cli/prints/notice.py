"""`wuxian print`: papers as pages to print (缴费通知单、催缴通知书、足额缴费证明、用款申请单)."""

from __future__ import annotations

import re
import sys
from enum import StrEnum
from typing import Annotated

import typer

from services.cli.common import Url, fail, page_from, settings_with, supervisor_token


class Notice(StrEnum):
    """A kind of notice that can be printed."""

    BILL = "bill"
    DUNNING = "dunning"
    CERTIFICATE = "certificate"
    PROJECT_CERTIFICATE = "project-certificate"
    FUNDING_PLAN = "funding-plan"
    INSPECTION = "inspection"


PATHS = {
    Notice.BILL: "bills",
    Notice.DUNNING: "dunning-notices",
    Notice.CERTIFICATE: "certificates",
    Notice.PROJECT_CERTIFICATE: "project-certificates",
    Notice.FUNDING_PLAN: "funding-plans",
    Notice.INSPECTION: "inspections",
}
_REF = re.compile(r"^[a-z]{3}_[0-9a-f]{48}$")


def print_notice(
    notice: Annotated[Notice, typer.Argument(help="What to print.")],
    ref: Annotated[str, typer.Argument(help="Its reference: bil_…, dun_…, crt_…, pct_…, fpl_….")],
    token: Annotated[
        str | None,
        typer.Option(envvar="WUXIAN_TOKEN", help="Of a reader; default: the sandbox's supervisor."),
    ] = None,
    url: Url = None,
) -> None:
    """Write a notice to standard output as a page of HTML: wuxian print bill bil_… > bill.html"""
    if not _REF.fullmatch(ref):
        fail(f"{ref[:60]!r} is not a reference", 2)
    settings = settings_with()
    own = settings.payout_url if notice is Notice.FUNDING_PLAN else settings.collection_url
    path = f"/v1/{PATHS[notice]}/{ref}/print"
    sys.stdout.write(page_from(url or own, path, token or supervisor_token()))
