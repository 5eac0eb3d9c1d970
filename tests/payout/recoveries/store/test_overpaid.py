"""The statement that finds overpaid months, in a database that has no statistics yet."""

from sqlalchemy import text

from services.payout.claims.flows import pension_run as pension_run_flow
from services.payout.recoveries.store import overpaid as overpaid_store
from shared.clock import today
from shared.period import Period
from shared.roles import Caller, Role
from tests.payout.support.office import Office

HERE = "heping"


async def test_a_month_finds_its_line_by_the_person(office: Office) -> None:
    """By the claim alone it would read every line of its run, once for each month."""
    clerk = Caller(subject="clerk", role=Role.DISTRICT_CLERK, district=HERE)
    async with office.app.state.db.transaction() as tx:
        await tx.execute(
            text("""
                INSERT INTO entitlement (person_id, id, identity_blind, kind, district,
                                         sealed_number, name, monthly_fen, bank, bank_number,
                                         bank_holder, in_force_from, registered_by, registered_at)
                SELECT n, gen_random_uuid(), int8send(n), 'basic_pension', :district, 'n', 'n',
                       200000, 'b', 'n', 'n', '2021-01', 'x', now() - interval '1 day'
                  FROM generate_series(1, 2000) AS n
            """),
            {"district": HERE},
        )
    async with office.app.state.db.transaction() as tx:
        await pension_run_flow.file_pension_run(
            tx, district=HERE, period=Period(2021, 1), today=today(), caller=clerk
        )
    async with office.app.state.db.transaction() as tx:
        rows = await tx.execute(
            text(f"EXPLAIN {overpaid_store._ALL}"), {"district": HERE, "kind": "basic_pension"}
        )
        plan = "\n".join(row[0] for row in rows)
    assert "claim_line_of_person" in plan, plan
