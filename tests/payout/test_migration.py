"""A database of before: its claims keep their months and papers when it is migrated."""

from datetime import date
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


async def entitlement(
    db: asyncpg.Connection, blind: bytes, bank_number: str | bytes, name: str | bytes = "n"
) -> None:
    await db.execute(
        """
        INSERT INTO payout.entitlement (person_id, id, identity_blind, kind, district,
                                        sealed_number, name, monthly_fen, bank, bank_number,
                                        bank_holder, in_force_from, registered_by)
        VALUES ($1, $2, $3, 'basic_pension', 'heping', '', $5, 300000, 'b', $4, $5, '2021-01', 'x')
        """,
        PERSON,
        uuid4(),
        blind,
        bank_number,
        name,
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
        text = "hospital_settlement:天津市第一中心医院:zy-1"  # the service hides it
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


async def batch(db: asyncpg.Connection, claim_id: UUID, *lines: dict[str, Any]) -> UUID:
    """Store a batch that pays a claim, with the lines as revision 0005 kept them."""
    batch_id = uuid4()
    await db.execute(
        """
        INSERT INTO payout.payment_batch (batch_key, id, fund, pay_date, status, hold, lines,
                                          open_lines, total_fen, created_by)
        VALUES (2, $1, 'pension', '2021-08-05', 'ready', 'hld', $2, 0, 900000, 'x')
        """,
        batch_id,
        len(lines),
    )
    await db.execute(
        """
        INSERT INTO payout.payment_part (batch_key, batch_id, part_no, claim_key, claim_id,
                                         district, period, fund, account, lines, total_fen)
        VALUES (2, $1, 1, 1, $2, 'heping', '2021-08', 'pension', 'a', $3, 900000)
        """,
        batch_id,
        claim_id,
        len(lines),
    )
    for number, line in enumerate(lines, start=1):
        values = {
            "batch_key": 2,
            "batch_id": batch_id,
            "line_no": number,
            "part_no": 1,
            "claim_line_no": number,
            "payee_name": "n",
            "bank": "b",
            "bank_number": "1",
            "bank_holder": "h",
            "amount_fen": 300_000,
        } | line
        marks = ", ".join(f"${index + 1}" for index in range(len(values)))
        await db.execute(
            f"INSERT INTO payout.payment_line ({', '.join(values)}) VALUES ({marks})",
            *values.values(),
        )
    return batch_id


async def test_lines_that_failed_before_wait_and_paid_ones_keep_their_days(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await upgrade(empty_database_url, "payout_0005", monkeypatch)
    db = await asyncpg.connect(empty_database_url)
    paid_on, returned_on = date(2021, 8, 5), date(2021, 8, 9)
    paid = {"paid_serial": "S", "paid_on": paid_on}
    try:
        run = await claim(db, "pension_run", "2021-08", person_id=PERSON, reference="2021-08")
        made = await batch(
            db,
            run,
            {"status": "paid"} | paid,
            {"status": "refused", "refused_serial": "R", "reason_code": "RJ01", "reason": "销户"},
            {"status": "returned", "returned_serial": "T", "returned_on": returned_on} | paid,
            {"status": "pending"},
        )
        await upgrade(empty_database_url, "head", monkeypatch)
        failed = await db.fetch("SELECT * FROM payout.failed_payment ORDER BY line_no")
        assert [
            (row["claim_id"], row["line_no"], row["batch_id"], row["outcome"], row["reason_code"])
            for row in failed
        ] == [(run, 2, made, "refused", "RJ01"), (run, 3, made, "returned", None)]
        assert {(row["fund"], row["district"], row["retry_id"]) for row in failed} == {
            ("pension", "heping", None)
        }
        lines = await db.fetch("SELECT * FROM payout.payment_line ORDER BY line_no")
        assert [(row["paid_booked_on"], row["returned_booked_on"]) for row in lines] == [
            (paid_on, None),
            (None, None),
            (paid_on, returned_on),
            (None, None),
        ]
    finally:
        await db.close()


async def test_entitlements_and_ends_of_before_stay_in_force(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await upgrade(empty_database_url, "payout_0011", monkeypatch)
    db = await asyncpg.connect(empty_database_url)
    try:
        await entitlement(db, BLIND, "6222")
        await db.execute(
            """
            INSERT INTO payout.entitlement_end (person_id, id, identity_blind, kind, district,
                                                sealed_number, name, last_period, reason, status,
                                                proposed_by, decided_at)
            VALUES ($1, $2, $3, 'basic_pension', 'heping', '', 'n', '2021-09', 'moved',
                    'approved', 'x', now())
            """,
            PERSON,
            uuid4(),
            BLIND,
        )
        await upgrade(empty_database_url, "payout_0018", monkeypatch)
        await db.close()
        db = await asyncpg.connect(empty_database_url)  # columns have another type now
        row = await db.fetchrow("SELECT * FROM payout.entitlement")
        assert row is not None
        assert (row["suspended_reason"], row["suspended_at"]) == (None, None)
        status = await db.fetchval("SELECT status FROM payout.entitlement_end")
        assert status == "approved"
        with pytest.raises(asyncpg.UniqueViolationError):
            await entitlement(db, BLIND, b"\x007333", b"\x00n")
        await db.execute(
            "UPDATE payout.entitlement SET suspended_reason = 'second', suspended_by = 'pcr',"
            " suspended_at = now()"
        )
        await entitlement(db, BLIND, b"\x007333", b"\x00n")
    finally:
        await db.close()


async def test_claims_of_before_count_for_the_limits_of_a_year(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await upgrade(empty_database_url, "payout_0018", monkeypatch)
    db = await asyncpg.connect(empty_database_url)
    try:
        await db.execute(
            "UPDATE payout.benefit_kind SET account = 'benefit.own' WHERE kind = 'funeral_grant'"
        )
        line = {"person_id": PERSON, "payee_name": b"n", "bank_number": b"1", "bank_holder": b"h"}
        await claim(db, "hospital_settlement", "2021-08", **line)
        await claim(db, "hospital_settlement", "2020-12", status="refused", **line)
        await claim(db, "pension_run", "2021-08", **line)
        await upgrade(empty_database_url, "head", monkeypatch)
        assert [
            tuple(row)
            for row in await db.fetch(
                "SELECT person_id, kind, year, amount_fen, live FROM payout.claimed_year"
            )
        ] == [(PERSON, "hospital_settlement", 2021, 300_000, True)]
        row = await db.fetchrow(
            "SELECT account, once, needs_person, signatures FROM payout.benefit_kind"
            " WHERE kind = 'funeral_grant'"
        )
        assert tuple(row) == ("benefit.own", "person", True, 3), "an operator's account stays"
        assert await db.fetchval("SELECT min(signatures) FROM payout.claim") == 3
    finally:
        await db.close()


async def test_the_trail_says_who_decided_an_account_of_before(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await upgrade(empty_database_url, "payout_0037", monkeypatch)
    db = await asyncpg.connect(empty_database_url)
    try:
        paper = uuid4()
        insert = """
            INSERT INTO payout.account_correction (claim_key, id, claim_id, line_no, district, bank,
                                                   bank_number, bank_holder, note, status,
                                                   proposed_by)
            VALUES (1, $1, $1, 1, 'heping', 'b', '', '', 'n', $2, 'li')
        """
        await db.execute(insert, paper, "approved")
        await db.execute(
            """
            INSERT INTO payout.trail (shard_key, id, paper, paper_id, step, signs, person, role,
                                      level, district)
            VALUES (1, $1, 'account_correction', $1, 'approved', true, 'wang', 'r', 'district',
                    'heping')
            """,
            paper,
        )
        await upgrade(empty_database_url, "head", monkeypatch)
        found = "SELECT decided_by FROM payout.account_correction WHERE decided_at IS NOT NULL"
        assert await db.fetchval(found) == "wang"
        for who in ("NULL", "'li'"):
            with pytest.raises(asyncpg.CheckViolationError):
                await db.execute(
                    f"UPDATE payout.account_correction SET decided_by = {who} WHERE id = $1", paper
                )
    finally:
        await db.close()
