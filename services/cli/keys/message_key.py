"""`wuxian clients message-key`: the operator registers a key with which a client signs its messages."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import identity
from services.cli.common import AsJson, DatabaseUrl, fail, out, print_json
from shared.security.message_keys import MessageAlgorithm

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


def register_message_key(
    name: identity.Name,
    public_key: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="The public key as a JWK.")
    ],
    algorithm: Annotated[MessageAlgorithm, typer.Option()] = MessageAlgorithm.ED25519,
    kid: Annotated[str | None, typer.Option(help="Its id; default: its thumbprint.")] = None,
    overlap_hours: identity.Overlap = 24,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Register the key that verifies a client's signed messages (RFC 9421)."""
    from services.identity.changes.flows import change as change_flow
    from services.identity.changes.flows import proposal as proposal_flow
    from services.identity.message_keys.flows import KeyRequest

    try:
        jwk = dict(json.loads(public_key.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        fail(f"{public_key} is not a JWK", 2)
    request = KeyRequest(
        client=name,
        algorithm=algorithm,
        public_key=jwk,
        kid=kid,
        valid_from=None,
        valid_until=None,
        overlap=timedelta(hours=overlap_hours),
    )

    async def work(tx: AsyncConnection) -> str:
        proposal = await proposal_flow.to_register_key(tx, request)
        by, districts = identity.operator(), identity.districts()
        await change_flow.alone(tx, proposal, by=by, districts=districts)
        return str(proposal.content["kid"])

    found = identity.run(database_url, work)
    if as_json:
        print_json({"client_id": name, "kid": found})
    else:
        out.print(f"{name} signs with {found}", highlight=False)
