"""A database of before: its claims keep their months and papers when it is migrated."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services import migrate as migration
from services.migrate import migrate
from shared.ids import key_of

PERSON, BLIND = 77, b"b" * 32
HOSPITAL = "天津市第一 中心医院"


async def upgrade(url: str, revision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bring payout's schema to a revision."""
    with monkeypatch.context() as patch:
        real = migration.command.upgrade
        patch.setattr(migration.command, "upgrade", lambda config, _: real(config, revision))
        await migrate(url, ["payout"])


async def claim(
    db: asyncpg.Connection, kind: str, period: str, *, status: str = "approved", **line: Any
) -> UUID:
    """Store a claim of one line, as revision 0002 did."""
    claim_id = uuid4()
    await db.execute(
        """
        INSERT INTO payout.claim (claim_key, id, kind, district, period, fund, account, lines,
                                  total_fen, status, summary, paper_hash, filed_by)
        VALUES (1, $1, $2, 'heping', $3, 'pension', 'a', 1, 300000, $4, '', $5, 'x')
        """,
        claim_id,
        kind,
        period,
        status,
        claim_id.bytes,
    )
    values = {
        "claim_key": 1,
        "claim_id": claim_id,
        "line_no": 1,
        "payee_name": HOSPITAL,
        "bank": "b",
        "bank_number": "1",
        "bank_holder": "h",
        "amount_fen": 300_000,
        "reference": "ZY-1",
    } | line
    marks = ", ".join(f"${index + 1}" for index in range(len(values)))
    await db.execute(
        f"INSERT INTO payout.claim_line ({', '.join(values)}) VALUES ({marks})", *values.values()
    )
    return claim_id


async def entitlement(db: asyncpg.Connection, blind: bytes, bank_number: str) -> None:
    await db.execute(
        """
        INSERT INTO payout.entitlement (person_id, id, identity_blind, kind, district,
                                        sealed_number, name, monthly_fen, bank, bank_number,
                                        bank_holder, in_force_from, registered_by)
        VALUES ($1, $2, $3, 'basic_pension', 'heping', '', 'n', 300000, 'b', $4, 'h', '2021-01', 'x')
        """,
        PERSON,
        uuid4(),
        blind,
        bank_number,
    )


async def test_months_and_papers_of_before_are_known(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await upgrade(empty_database_url, "payout_0002", monkeypatch)
    db = await asyncpg.connect(empty_database_url)
    try:
        await entitlement(db, BLIND, "6222")
        # Two people may share a shard key: the account tells whose line it is.
        await entitlement(db, b"c" * 32, "7333")
        pension = {"person_id": PERSON, "bank_number": "6222", "reference": "2021-08"}
        run = await claim(db, "pension_run", "2021-08", **pension)
        await claim(db, "pension_run", "2021-08", **pension)  # the fault of before: paid twice
        await claim(db, "pension_run", "2021-09", status="refused", **pension)
        paper = await claim(db, "hospital_settlement", "2021-07", person_id=PERSON)
        await claim(db, "hospital_settlement", "2021-08")
        await claim(db, "hospital_settlement", "2021-08", status="refused", reference="ZY-2")
        await claim(db, "maternity_allowance", "2021-07", person_id=PERSON)
        await upgrade(empty_database_url, "head", monkeypatch)
        months = await db.fetch("SELECT * FROM payout.pension_month ORDER BY part")
        assert [
            (row["person_id"], row["identity_blind"], row["period"], row["part"], row["live"])
            for row in months
        ] == [(PERSON, BLIND, "2021-08", 1, True), (PERSON, BLIND, "2021-08", 2, True)]
        assert run in {row["claim_id"] for row in months}
        text = "hospital_settlement:天津市第一中心医院:zy-1"
        events = await db.fetch("SELECT * FROM payout.benefit_event ORDER BY event")
        assert [(row["event_key"], row["event"], row["live"]) for row in events] == [
            (PERSON, "hospital_settlement:person:zy-1", True),
            (key_of("benefit_event", text), text, True),
            (PERSON, "maternity_allowance:", True),
        ]
        assert events[1]["claim_id"] == paper, "the first claim has the paper"
        funeral = await db.fetchval(
            "SELECT fund FROM payout.benefit_kind WHERE kind = 'funeral_grant'"
        )
        assert funeral == "pension"
    finally:
        await db.close()


async def test_the_downgrade_undoes_the_upgrade(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(empty_database_url, ["payout"])
    with monkeypatch.context() as patch:
        downgrade = migration.command.downgrade
        patch.setattr(
            migration.command, "upgrade", lambda config, _: downgrade(config, "payout_0002")
        )
        await migrate(empty_database_url, ["payout"])
    await migrate(empty_database_url, ["payout"])
