"""Refused messages of collection: listed with reason, remedy and paper, and sent again."""

import orjson
from sqlalchemy import text

from shared.db import Database
from shared.ids import uuid7
from shared.roles import Role
from tests.collection.support.office import Office


async def test_refused_messages_name_their_reason_remedy_and_paper(
    office: Office, db: Database
) -> None:
    payload = {"event_id": "receipt:1", "kind": "receipt", "references": {"receipt": "rcp_1"}}
    async with db.transaction() as tx:
        for content, refused in (
            (orjson.dumps(payload), "FLOW_FORBIDDEN: receipt"),
            (b"\xff", "MESSAGE_UNREADABLE: ?"),
        ):
            await tx.execute(
                text(
                    "INSERT INTO outbox (shard_key, id, payload, refused)"
                    " VALUES (1, :id, :payload, :refused)"
                ),
                {"id": uuid7(), "payload": content, "refused": refused},
            )
    headers = office.bearer(Role.FUND_ACCOUNTANT)
    listed = await office.api.get("/v1/refused-messages", headers=headers)
    assert listed.status_code == 200, listed.text
    first, second = listed.json()["items"]
    assert (first["code"], first["kind"], first["paper"]) == ("FLOW_FORBIDDEN", "receipt", "rcp_1")
    assert "wuxian refused --retry" in first["remedy"]
    assert (second["code"], second["paper"]) == ("MESSAGE_UNREADABLE", None)
    clerk = office.bearer(Role.DISTRICT_CLERK, "heping")
    assert (await office.api.get("/v1/refused-messages", headers=clerk)).status_code == 403
    again = await office.api.post("/v1/refused-messages/retries", headers=headers)
    assert again.json() == {"retried": 2}
    assert not (await office.api.get("/v1/refused-messages", headers=headers)).json()["items"]
