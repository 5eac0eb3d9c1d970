"""Levy by default: 110 % of last month, and the rest once the month is declared."""

from hypothesis import given
from hypothesis import strategies as st

from services.collection.filing.domain.late import ExistingDeclaration, plan_of
from services.collection.filing.domain.records import LineRow
from services.collection.filing.domain.restatement import net_by_party, restated
from services.collection.policy.domain.default_levy import DefaultLevy, LastMonthLine, default_lines
from shared.ids import uuid7
from shared.money import HALF_UP_FEN, PPM, Rounding, RoundingMode

KEYS = [
    (insurance, party, account)
    for insurance in ("pension", "medical", "maternity")
    for party in ("unit", "personal")
    for account in ("pooled", "personal_account")
]
Key = tuple[str, str, str]
amounts = st.dictionaries(st.sampled_from(KEYS), st.integers(1, 10**11), max_size=len(KEYS))


def last(
    fen: dict[Key, int], *, fund: str = "", base: int = 0, default: bool = False
) -> list[LastMonthLine]:
    return [
        LastMonthLine(
            unit_id=1,
            insurance=insurance,
            party=party,
            account=account,
            fund=fund or insurance,
            base_fen=base,
            amount_fen=amount,
            by_default=default,
        )
        for (insurance, party, account), amount in fen.items()
    ]


def rows(fen: dict[Key, int], rule: str) -> list[LineRow]:
    return [
        LineRow(
            line_no=number,
            level="unit",
            insurance=insurance,
            party=party,
            account=account,
            fund=insurance,
            rule=rule,
            base_fen=amount,
            amount_fen=amount,
        )
        for number, ((insurance, party, account), amount) in enumerate(fen.items(), 1)
    ]


def sums(lines: list[LineRow]) -> dict[Key, int]:
    found: dict[Key, int] = {}
    for line in lines:
        key = (line.insurance, line.party, line.account)
        found[key] = found.get(key, 0) + line.amount_fen
    return {key: fen for key, fen in found.items() if fen}


@given(amounts, amounts)
def test_110_percent_and_then_the_true_up_is_filing_on_time(
    july: dict[Key, int], august: dict[Key, int]
) -> None:
    levied = default_lines(DefaultLevy(), HALF_UP_FEN, {}, last(july))
    by_default = rows(
        {(line.insurance, line.party, line.account): line.amount_fen for line in levied}, "default"
    )
    late = restated(rows(august, "own"), by_default)
    assert sums([*by_default, *late]) == august
    on_time = net_by_party(rows(august, "own"))
    made = [net_by_party(lines) for lines in (by_default, late)]
    assert {party: sum(net[party] for net in made) for party in on_time} == on_time
    assert [line.line_no for line in late] == list(range(1, len(late) + 1))


@given(st.integers(0, 10**12), st.integers(PPM, 10 * PPM))
def test_a_line_is_rounded_once(fen: int, factor: int) -> None:
    rounding = Rounding(10, RoundingMode.UP)
    rule = DefaultLevy(factor_ppm=factor)
    (line,) = default_lines(rule, rounding, {}, last({KEYS[0]: fen}))
    exact, made = fen * factor, line.amount_fen * PPM
    assert exact <= made < exact + 10 * PPM
    assert made % (10 * PPM) == 0


def test_a_second_default_goes_by_the_first_or_by_what_was_declared() -> None:
    second = last({KEYS[0]: 11_000}, base=10_000, default=True)
    (compound,) = default_lines(DefaultLevy(), HALF_UP_FEN, {}, second)
    (declared,) = default_lines(DefaultLevy(compounds=False), HALF_UP_FEN, {}, second)
    assert (compound.base_fen, compound.amount_fen) == (11_000, 12_100)
    assert (declared.base_fen, declared.amount_fen) == (10_000, 11_000)
    first = last({KEYS[0]: 10_000}, base=999)
    (line,) = default_lines(DefaultLevy(compounds=False), HALF_UP_FEN, {}, first)
    assert (line.base_fen, line.amount_fen) == (10_000, 11_000)


def test_the_fund_is_this_months() -> None:
    lines = last({("maternity", "unit", "pooled"): 100, ("pension", "unit", "pooled"): 100})
    made = default_lines(DefaultLevy(), HALF_UP_FEN, {"maternity": "medical"}, lines)
    assert [line.fund for line in made] == ["medical", "pension"]


def paper(kind: str, status: str, **other: object) -> ExistingDeclaration:
    facts: dict[str, object] = {"round": 1, "corrects": None, "in_summary": False} | other
    return ExistingDeclaration(unit_id=1, id=uuid7(), kind=kind, status=status, **facts)  # type: ignore[arg-type]


def test_the_outcome_of_filing_over_an_existing_paper() -> None:
    for status in ("submitted", "accepted", "reviewed", "returned"):
        default = paper("default", status)
        assert plan_of([default]).supersedes == default
    for status in ("reviewed", "audited"):
        refused = plan_of([paper("default", status, in_summary=True)]).refusal
        assert refused is not None
        assert refused.code == "DEFAULT_WAITS_FOR_BILL"
    for status in ("billed", "settled"):
        default = paper("default", status, in_summary=True)
        assert plan_of([default]).corrects == default
        corrected = paper("adjustment", "billed", corrects=default.id, in_summary=True)
        assert plan_of([corrected, default]).corrects == corrected
        waiting = paper("adjustment", "submitted", corrects=default.id)
        refused = plan_of([default, waiting]).refusal
        assert refused is not None
        assert refused.code == "CORRECTION_PENDING"
        monthly = paper("monthly", "returned", corrects=default.id)
        plan = plan_of([default, monthly])
        assert (plan.again, plan.corrects) == (monthly, default)
    for status in ("submitted", "accepted", "reviewed", "audited", "billed", "settled"):
        refused = plan_of([paper("monthly", status)]).refusal
        assert refused is not None
        assert refused.code == "DECLARATION_EXISTS"
