"""Shapes of the rules and their corrections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, StringConstraints, field_validator

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.rules.domain.closing_rule import Level, Rule
from services.ledger.rules.domain.row import Correction, CorrectionStatus, Row, Table
from services.ledger.rules.domain.threshold import (
    ANY_FUND,
    DECIMALS,
    Comparison,
    Measure,
    Severity,
    Threshold,
)
from shared.entry import Book, Side
from shared.errors import Fault, Faulty
from shared.ids import Ref, uuid7
from shared.references import Reference
from shared.schema import Code, Day, In, Out, PositiveYuan, Rate, ShortText
from shared.wire.ledger import AccountKey

Certainty = Annotated[str, StringConstraints(min_length=1, max_length=20, strip_whitespace=True)]
Kind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,31}$")]
Senders = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z_]{1,31}( [a-z][a-z_]{1,31})*$", max_length=200)
]
"""Roles of services and "ledger", separated by blanks; or "any"."""
Pattern = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]{1,95}(\.\*)?$")]
ROWS_MAX = 500
_VALUE_PATTERN = r"^-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,6})?$"
FundOrAny = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z][a-z0-9_]{1,31})$")]
"""A fund's code, or "*" for every fund."""
Value = Annotated[str, StringConstraints(pattern=_VALUE_PATTERN)]


class RowIn(In):
    """Common columns of a rule: first and last day, source, and how certain the source is."""

    in_force_from: Day = Field(examples=["2022-01-01"])
    in_force_to: Day | None = None
    source: ShortText = Field(description="依据文件 (the document it rests on)")
    certainty: Certainty = Field(default="confirmed", examples=["confirmed", "G"])


class FundIn(RowIn):
    """A fund and its name."""

    code: Code = Field(examples=["large_medical"])
    name: ShortText


class AccountIn(RowIn):
    """An account of the chart; `funds` empty: every fund keeps it."""

    key: AccountKey = Field(examples=["benefit.dental"])
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{0,12}$")] = ""
    name: ShortText
    account_class: Literal["asset", "liability", "net_asset", "income", "expense", "memo"]
    normal_side: Side
    parent: AccountKey | None = None
    book: Book = Book.STATUTORY
    postable: bool = True
    funds: list[Code] = Field(default=[], max_length=50)
    floored: bool = False


class FlowIn(RowIn):
    """A permission to pay `debit` from `credit` in vouchers of a kind; "benefit.*" covers all sub-
    accounts.

    To forbid it again, give the row with the last day on which it holds.
    """

    kind: Kind = Field(examples=["payment"])
    book: Book = Book.STATUTORY
    debit: Pattern = Field(examples=["benefit.*"])
    credit: Pattern = Field(examples=["expenditure_deposit"])
    by: Senders = Field(
        default="any",
        examples=["payout_service"],
        description=(
            "可记此类凭证的发送方,空格分隔;any 为任何发送方,只用于尚无规定的种类"
            " (who may post it, separated by blanks; any sender only for kinds without named ones)"
        ),
    )


class ClosingRuleIn(RowIn):
    """A condition of the closings of a level."""

    level: Level
    rule: Rule


class AdjustmentRuleIn(RowIn):
    """Shares of a fund's adjustment money (调剂金)."""

    fund: Code
    paid_up: Rate = Field(examples=["0.10"], description="按上年征缴总额提取")
    size_cap: Rate = Field(examples=["0.15"], description="达到当年征缴总额的此比例不再提取")
    gap_share: Rate = Field(examples=["0.30"], description="至多弥补缺口的此比例")


class ReportLineIn(RowIn):
    """Name and place of a line of a statement."""

    report: Literal["balance_sheet", "income_statement"]
    line: AccountKey = Field(examples=["asset", "fiscal_deposit"])
    name: ShortText
    place: int = Field(ge=1, le=9999)


class InjectionRuleIn(RowIn):
    """The yearly amount that retirees of some ages get into their personal accounts (门诊共济划入)."""

    fund: Code = Field(examples=["medical"])
    standing: Literal["ordinary", "founding"] = Field(
        default="ordinary", description="普通、建国前老工人 (ordinary, or a founding worker)"
    )
    age_from: int = Field(ge=0, le=200, strict=True)
    age_to: int = Field(default=200, ge=0, le=200, strict=True)
    yearly: PositiveYuan = Field(examples=["600.00"], description="每年金额 (the year's amount)")


class ThresholdIn(In):
    """A threshold from a day on; it replaces the row of its measure, fund and severity from then."""

    measure: Measure
    fund: FundOrAny = Field(default=ANY_FUND, examples=["pension"])
    severity: Severity
    comparison: Comparison
    value: Value = Field(
        examples=["9.00"], description="比率、月数或元 (a ratio, months or yuan, by the measure)"
    )
    in_force_from: Day = Field(examples=["2021-07-01"])
    in_force_to: Day | None = None
    source: ShortText = Field(description="依据文件 (the document it rests on)")


class CorrectionIn(In):
    """Rows that are to hold. A row with a new first day ends the version before it on the day
    before."""

    why: ShortText = Field(examples=["财政局函复:收入户存款编码为 100201"])
    funds: list[FundIn] = Field(default=[], max_length=ROWS_MAX)
    accounts: list[AccountIn] = Field(default=[], max_length=ROWS_MAX)
    flows: list[FlowIn] = Field(default=[], max_length=ROWS_MAX)
    closing_rules: list[ClosingRuleIn] = Field(default=[], max_length=ROWS_MAX)
    adjustment_rules: list[AdjustmentRuleIn] = Field(default=[], max_length=ROWS_MAX)
    report_lines: list[ReportLineIn] = Field(default=[], max_length=ROWS_MAX)
    thresholds: list[ThresholdIn] = Field(default=[], max_length=ROWS_MAX)
    injection_rules: list[InjectionRuleIn] = Field(default=[], max_length=ROWS_MAX)

    @field_validator("adjustment_rules")
    @classmethod
    def _shares(cls, rows: list[AdjustmentRuleIn]) -> list[AdjustmentRuleIn]:
        for row in rows:
            if max(row.paid_up, row.size_cap, row.gap_share) > 1_000_000:
                raise ValueError("比例不得超过 1 (a share is at most 1)")
        return rows


class ChangeOut(Out):
    """A row to write, and the row that it replaces."""

    table: Table
    name: str
    before: dict[str, JsonValue] | None
    after: dict[str, JsonValue]


class CorrectionOut(Out):
    """A correction, proposed or done."""

    id: str
    why: str
    status: CorrectionStatus
    changes: list[ChangeOut]
    proposed_by: str
    approved_by: str | None
    done_at: datetime | None

    @classmethod
    def of(cls, paper: Correction) -> CorrectionOut:
        """Build it from a correction."""
        return cls(
            id=Ref(CENTRE_SLOT, paper.id).text(Reference.CORRECTION),
            why=paper.why,
            status=paper.status,
            changes=[
                ChangeOut(
                    table=one.table, name=one.name, before=_json(one.before), after=dict(one.after)
                )
                for one in paper.changes
            ],
            proposed_by=paper.proposed_by,
            approved_by=paper.approved_by,
            done_at=paper.done_at,
        )


class RulesOut(Out):
    """Rows of one table of rules: those of a day, or every version."""

    table: Table
    on: date | None
    items: list[dict[str, JsonValue]]

    @classmethod
    def of(cls, table: Table, rows: Sequence[Row], on: date | None) -> RulesOut:
        """Build it from rows of a table of rules."""
        return cls(table=table, on=on, items=[dict(row) for row in rows])


def rows_from(body: CorrectionIn, by: str) -> dict[Table, list[Row]]:
    """Convert the body to rows as the tables have them.

    Raises:
        Faulty: a threshold with more decimals than its measure has.
    """
    return {
        Table.FUND: [_plain(row) for row in body.funds],
        Table.ACCOUNT: [_account(row) for row in body.accounts],
        Table.FLOW: [_plain(row) for row in body.flows],
        Table.CLOSING_RULE: [_plain(row) for row in body.closing_rules],
        Table.ADJUSTMENT_RULE: [_shares(row) for row in body.adjustment_rules],
        Table.REPORT_LINE: [_plain(row) for row in body.report_lines],
        Table.THRESHOLD: [_threshold(row, by) for row in body.thresholds],
        Table.INJECTION_RULE: [_injection(row) for row in body.injection_rules],
    }


def _plain(row: In) -> dict[str, Any]:
    return row.model_dump(mode="json")


def _account(row: AccountIn) -> dict[str, Any]:
    columns = _plain(row)
    columns["class"] = columns.pop("account_class")
    return columns | {"funds": " ".join(sorted(row.funds)) or "*"}


def _shares(row: AdjustmentRuleIn) -> dict[str, Any]:
    columns = _plain(row)
    return {
        (f"{name}_ppm" if name in {"paid_up", "size_cap", "gap_share"} else name): value
        for name, value in columns.items()
    }


def _injection(row: InjectionRuleIn) -> dict[str, Any]:
    columns = _plain(row)
    del columns["yearly"]
    return columns | {"yearly_fen": row.yearly}


def _threshold(row: ThresholdIn, by: str) -> dict[str, Any]:
    made = threshold_from(row, by)
    return {
        "id": str(made.id),
        "measure": made.measure.value,
        "fund": made.fund,
        "severity": made.severity.value,
        "comparison": made.comparison.value,
        "value": made.value,
        "in_force_from": made.in_force_from.isoformat(),
        "in_force_to": made.in_force_to.isoformat() if made.in_force_to else None,
        "source": made.source,
        "certainty": made.certainty,
        "recorded_by": by,
    }


def threshold_from(body: ThresholdIn, by: str) -> Threshold:
    """Convert the body to a threshold.

    Raises:
        Faulty: more decimals than the measure has.
    """
    decimals = DECIMALS[body.measure.unit]
    whole, _, part = body.value.lstrip("-").partition(".")
    if len(part) > decimals:
        message = f"至多 {decimals} 位小数 (at most {decimals} decimals)"
        raise Faulty(faults=[Fault("/value", "VALUE_TOO_FINE", message)])
    value = int(whole) * 10**decimals + int(part.ljust(decimals, "0") or "0")
    return Threshold(
        id=uuid7(),
        measure=body.measure,
        fund=body.fund,
        severity=body.severity,
        comparison=body.comparison,
        value=-value if body.value.startswith("-") else value,
        in_force_from=body.in_force_from,
        in_force_to=body.in_force_to,
        source=body.source,
        certainty="confirmed",
        recorded_by=by,
    )


def _json(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if row is None else dict(row)
