"""Raises of many people at once: the rule in SQL is the rule, and a real raise is paid to the fen."""

import random
from datetime import date

import pytest
from sqlalchemy import text

from services.payout.claims.flows import pension_run as pension_run_flow
from services.payout.raises.domain.fact import FactDraft, FactList, FactListStatus
from services.payout.raises.domain.pension_raise import (
    PensionRaise,
    RaiseControl,
    RaiseStatus,
    raise_key,
)
from services.payout.raises.domain.rule import RaiseGroup, RaiseRule, YearCount, raised
from services.payout.raises.flows import pension_raise as pension_raise_flow
from services.payout.raises.store import fact as fact_store
from services.payout.raises.store import outcome as outcome_store
from shared.db import Database
from shared.ids import Ref
from shared.money import Rounding, RoundingMode
from shared.period import Period
from shared.roles import Caller, Role
from tests.payout.support.office import Office
from tests.payout.support.papers import number

AUDITOR = Caller(subject="auditor", role=Role.CENTRE_AUDITOR, district="centre")
LEADER = Caller(subject="leader", role=Role.CENTRE_LEADER, district="centre")
TODAY = date(2021, 9, 15)
JIAO = Rounding(10, RoundingMode.HALF_UP)

Person = tuple[int, str, int]
"""Monthly pension in fen, first month, months paid."""


def clerk(district: str) -> Caller:
    return Caller(subject="clerk", role=Role.DISTRICT_CLERK, district=district)


async def settle(db: Database, district: str, people: list[Person], retired_in: Period) -> None:
    """Register people with their facts, as a district has them from before this release."""
    keys = [
        (hash((district, index)) & (2**62 - 1), f"{district}{index}".encode())
        for index in range(len(people))
    ]
    drafts = [
        FactDraft(identity_number=number(index), retired_in=retired_in, paid_months=months)
        for index, (_, _, months) in enumerate(people)
    ]
    listed = FactList(
        ref=Ref.new(1),
        kind="basic_pension",
        district=district,
        document="d",
        people=len(people),
        status=FactListStatus.PROPOSED,
        proposed_by="x",
    )
    async with db.transaction() as tx:
        await tx.execute(
            text("""
                INSERT INTO entitlement (person_id, id, identity_blind, kind, district,
                                         sealed_number, name, monthly_fen, bank, bank_number,
                                         bank_holder, in_force_from, registered_by, registered_at)
                SELECT key, gen_random_uuid(), blind, 'basic_pension', :district, 'n', 'n', fen,
                       '工商银行', 'n', 'n', since, 'x', TIMESTAMPTZ '2021-01-01 08:00+08'
                  FROM unnest(CAST(:keys AS bigint[]), CAST(:blinds AS bytea[]),
                              CAST(:fen AS bigint[]), CAST(:since AS text[]))
                    AS person (key, blind, fen, since)
            """),
            {
                "district": district,
                "keys": [key for key, _ in keys],
                "blinds": [blind for _, blind in keys],
                "fen": [fen for fen, _, _ in people],
                "since": [since for _, since, _ in people],
            },
        )
        await fact_store.insert(tx, listed, keys, drafts)
        await fact_store.make_current(tx, listed.ref)


def paper(since: Period, rule: RaiseRule, sequence: int = 1) -> PensionRaise:
    return PensionRaise(
        ref=Ref.new(raise_key("basic_pension", since, sequence)),
        kind="basic_pension",
        first_period=since,
        sequence=sequence,
        title="调整",
        source="s",
        rule=rule,
        status=RaiseStatus.DRAFT,
        drafted_by=AUDITOR.subject,
    )


async def draft(db: Database, one: PensionRaise) -> PensionRaise:
    async with db.transaction() as tx:
        return await pension_raise_flow.draft(tx, one, caller=AUDITOR)


async def run(db: Database, district: str, period: str) -> int:
    """File a run; its sum in fen."""
    async with db.transaction() as tx:
        claim = await pension_run_flow.file_pension_run(
            tx,
            district=district,
            period=Period.parse(period),
            today=TODAY,
            caller=clerk(district),
        )
    return claim.total_fen


def of_the_seed() -> list[Person]:
    """18,440 people whose raise comes to 1,876,809.90 a month and 5,153,505.80 of arrears.

    Everybody gets 101.70 or 101.80: 60 yuan, one for each year, and 0.5 % of the pension. 4,685
    people draw a month later than the others, so they have two months of arrears instead of three.
    """
    people = []
    for index in range(18_440):
        late = index < 4_685
        place = index if late else index - 4_685
        jiao = 1_018 if place < (4_594 if late else 10_025) else 1_017
        years = 20 + index % 15
        fen = (jiao - 600 - 10 * years) * 200 * 10
        people.append((fen, "2021-07" if late else "2021-01", years * 12))
    return people


def some_group(dice: random.Random, code: str, retired_in: Period) -> RaiseGroup:
    """Roll a group."""
    bound = dice.choice([None, 180, 240])
    return RaiseGroup(
        code=code,
        name="n",
        retired_from=retired_in,
        retired_to=retired_in,
        born_to=dice.choice([None, Period(1950, 3), Period(1940, 1)]),
        paid_months_from=bound,
        paid_months_to=None if bound is None else bound + dice.choice([0, 60, 200]),
        fixed_fen=dice.choice([0, 29_00, 3_33]),
        per_year_fen=dice.choice([0, 1_00, 1_37]),
        percent_ppm=dice.choice([0, 6_000, 12_345]),
        floor_fen=dice.choice([0, 15_00]),
        cap_fen=dice.choice([None, 80_00, 61_17]),
    )


@pytest.mark.parametrize("seed", range(4))
async def test_the_rule_in_sql_is_the_rule(office: Office, seed: int) -> None:
    db, dice, district = office.app.state.db, random.Random(seed), f"district{seed}"
    people = [
        (dice.randrange(100_00, 9_999_99), dice.choice(["2020-01", "2022-02"]), dice.randrange(600))
        for _ in range(40)
    ]
    retired_in = Period(2001, seed + 1)
    await settle(db, district, people, retired_in)
    rule = RaiseRule(
        groups=[some_group(dice, code, retired_in) for code in "abc"],
        years=dice.choice(list(YearCount)),
        rounding=Rounding(dice.choice([1, 10, 100]), dice.choice(list(RoundingMode))),
        floor_fen=dice.choice([0, 40_00]),
        cap_fen=dice.choice([None, 70_00]),
        least_fen=dice.choice([0, 500_00]),
    )
    raise_paper = await draft(db, paper(Period(2022, 1), rule, sequence=seed + 2))
    async with db.transaction() as tx:
        outcome = await pension_raise_flow.outcome(tx, raise_paper.ref, today=TODAY)
        lines = await outcome_store.page_of_lines(
            tx, raise_paper.ref.id, district=district, after=None, limit=1000
        )
        rows = await tx.execute(
            text("""
                SELECT CAST(sum(monthly_fen) AS bigint) AS fen
                  FROM entitlement
                 WHERE district = :district AND suspended_at IS NULL AND base_id IS NOT NULL
            """),
            {"district": district},
        )
        written = rows.one().fen or 0
        await tx.rollback()
    for line in lines:
        found = raised(rule, line.facts, line.before_fen)
        assert found is not None
        assert found.after_fen == line.after_fen
    assert outcome.people == len(lines) == len({line.ref.key for line in lines})
    assert sum(line.after_fen for line in lines) == written


async def test_the_raise_of_the_seed_is_previewed_and_paid_to_the_fen(office: Office) -> None:
    """Jiaojiang 2007: 18,440 people, 1,876,809.90 more a month, 5,153,505.80 in arrears."""
    db, people = office.app.state.db, of_the_seed()
    await settle(db, "jiaojiang", people, Period(2020, 12))
    for month in ("2021-06", "2021-07", "2021-08"):
        await run(db, "jiaojiang", month)
    one = RaiseGroup(
        code="all",
        name="普调",
        retired_from=Period(2020, 12),
        retired_to=Period(2020, 12),
        fixed_fen=60_00,
        per_year_fen=1_00,
        percent_ppm=5_000,
    )
    raise_paper = await draft(
        db,
        paper(Period(2021, 6), RaiseRule(groups=[one], years=YearCount.UP, rounding=JIAO)),
    )
    control = RaiseControl(people=18_440, monthly_fen=1_876_809_90, arrears_fen=5_153_505_80)
    async with db.transaction() as tx:
        approved = await pension_raise_flow.approve(
            tx, raise_paper.ref, control, today=TODAY, caller=LEADER
        )
    assert approved.control == control
    before = sum(fen for fen, _, _ in people)
    assert await run(db, "jiaojiang", "2021-09") == before + 1_876_809_90 + 5_153_505_80
