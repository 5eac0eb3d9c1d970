"""`wuxian refused`: messages that the ledger refused for good, and what to do about each."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from services.cli.common import (
    AsJson,
    Service,
    ask,
    fail,
    out,
    print_json,
    print_table,
    settings_with,
)

Token = Annotated[
    str, typer.Option(envvar="WUXIAN_TOKEN", help="Yours; to retry, the fund accountant's.")
]
_SENDERS = (Service.COLLECTION, Service.PAYOUT)


def refused(
    token: Token,
    service: Annotated[
        Service | None, typer.Option(help="collection or payout; both when not given.")
    ] = None,
    retry: Annotated[
        bool, typer.Option("--retry", help="Send them again, once their reason is removed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List refused messages with their remedy, or send them again."""
    if service is not None and service not in _SENDERS:
        fail(f"{service.value} sends no messages to the ledger: collection or payout")
    chosen = _SENDERS if service is None else (service,)
    settings = settings_with()
    urls = {Service.COLLECTION: settings.collection_url, Service.PAYOUT: settings.payout_url}
    if retry:
        sent = {
            one.value: ask("POST", urls[one], "/v1/refused-messages/retries", token)["retried"]
            for one in chosen
        }
        if as_json:
            print_json(sent)
        else:
            for name, count in sent.items():
                out.print(f"{name}: {count} sent again", highlight=False)
        return
    found = {one.value: _all(urls[one], token) for one in chosen}
    if as_json:
        print_json(found)
        return
    rows = [
        (name, one["paper"] or "", one["code"], one["remedy"])
        for name, items in found.items()
        for one in items
    ]
    print_table("被拒消息 (refused messages)", ("service", "paper", "code", "remedy"), rows)


def _all(base: str, token: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    path: str | None = "/v1/refused-messages?limit=500"
    while path:
        page = ask("GET", base, path, token)
        items += page["items"]
        following = page["next_cursor"]
        path = f"/v1/refused-messages?limit=500&cursor={following}" if following else None
    return items
