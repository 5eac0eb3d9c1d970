"""Benefit kinds (待遇种类) as dated rows: the fund and account of a claim, and its conditions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.effective import in_force, overlaps
from shared.errors import Fault, Kind, NotFound, Refusal, StateConflict

BASIC_PENSION: Final = "basic_pension"
"""The kind of entitlement that a pension run pays."""


class ClaimKind(StrEnum):
    """The kinds that the service files itself. All others are known by their rows alone."""

    PENSION_RUN = "pension_run"  # 基本养老金月度发放
    STABLE_JOB_REFUND = "stable_job_refund"  # 稳岗返还
    PENSION_ACCOUNT_PAYMENT = "personal_account_refund"  # 养老个人账户退还、继承
    MEDICAL_ACCOUNT_PAYMENT = "medical_account_refund"  # 医保个人账户退还、继承
    PENSION_TRANSFER_OUT = "pension_transfer_out"  # 养老保险关系转出
    MEDICAL_TRANSFER_OUT = "medical_transfer_out"  # 医保个人账户转出


ACCOUNT_KINDS: Final = frozenset(
    {
        ClaimKind.PENSION_ACCOUNT_PAYMENT,
        ClaimKind.MEDICAL_ACCOUNT_PAYMENT,
        ClaimKind.PENSION_TRANSFER_OUT,
        ClaimKind.MEDICAL_TRANSFER_OUT,
    }
)
"""Kinds whose amounts come out of personal accounts."""


class Payee(StrEnum):
    """The kinds of payees."""

    PERSON = "person"  # 参保人或其亲属
    UNIT = "unit"  # 用人单位
    INSTITUTION = "institution"  # 医院、培训机构、鉴定机构


class Origin(StrEnum):
    """The sources of a claim's amounts."""

    FILED = "filed"  # 经办人员提交
    RUN = "run"  # 系统按月生成
    COMPUTED = "computed"  # 系统按政策算出


class Once(StrEnum):
    """The keys under which an event is paid once, over all claims."""

    NONE = "none"
    PERSON = "person"  # 一人一次
    BIRTH = "birth"  # 一次生育
    EVENT_DAY = "event_day"  # 一人一事(事件日)
    MONTH = "month"  # 一人一月
    PAPER = "paper"  # 一单一次
    UNIT_YEAR = "unit_year"  # 一单位一年


SIGNATURES: Final = 3
"""Signatures of a claim unless its kind's row says fewer (三级审签)."""
SIGNATURES_LEAST: Final = 2
"""At least the district's reviewer and the centre's department head sign."""

_OF_A_PERSON: Final = frozenset({Once.PERSON, Once.BIRTH, Once.EVENT_DAY, Once.MONTH})
_NOT_SHARED: Final = frozenset({Once.NONE, Once.BIRTH})
"""Keys that kinds of a group cannot share: none, and a birth, which two days may mean."""


class BenefitKindNotInForce(Refusal):
    """该日没有此待遇的基金与科目规定 (no rule says which fund pays this benefit on this day)"""

    kind = Kind.INVALID
    code = "BENEFIT_KIND_NOT_IN_FORCE"


class BenefitKindUnknown(Refusal):
    """未知待遇种类 (no row names this kind of benefit)"""

    kind = Kind.INVALID
    code = "BENEFIT_KIND_UNKNOWN"


class BenefitKindNotFiled(Refusal):
    """此待遇由系统生成,不由人工提交 (the system makes these claims; they are not filed by hand)"""

    kind = Kind.INVALID
    code = "BENEFIT_KIND_NOT_FILED"


class BenefitKindCorrectionUnknown(NotFound):
    """无此更正 (no such correction)"""

    code = "BENEFIT_KIND_CORRECTION_UNKNOWN"


class BenefitKindCorrectionWaits(StateConflict):
    """该待遇种类已有待批的更正 (a correction of this kind waits for its decision)"""

    code = "BENEFIT_KIND_CORRECTION_WAITS"


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitKind:
    """One dated row: the fund and account of claims of `kind`, and their conditions.

    `line_limit_fen` bounds one payee of a claim, `year_limit_fen` all claims of a person and year.
    Kinds of one `event_group` pay an event once among them. A kind that is `not_with_pension` pays
    for no month in which the person draws a basic pension.
    """

    kind: str
    name: str
    fund: str
    account: str
    in_force_from: date
    in_force_to: date | None
    source: str
    payee: Payee = Payee.PERSON
    origin: Origin = Origin.FILED
    once: Once = Once.NONE
    event_group: str | None = None
    documents: tuple[str, ...] = ()
    needs_person: bool = False
    needs_employer: bool = False
    checks_arrears: bool = False
    needs_cost: bool = False
    not_with_pension: bool = False
    line_limit_fen: int | None = None
    year_limit_fen: int | None = None
    signatures: int = SIGNATURES

    @property
    def needs_event_day(self) -> bool:
        """Tell whether each line needs the day of its event."""
        return self.once is Once.EVENT_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitKindCorrection:
    """A row as it is to be, filed by one person and decided by another."""

    id: UUID
    row: BenefitKind
    reason: str
    status: str
    filed_by: str


def benefit_kind_on(kind: str, rows: Iterable[BenefitKind], day: date) -> BenefitKind:
    """Find the row of a kind that is in force on a day.

    Raises:
        BenefitKindNotInForce: there is none.
    """
    found = in_force((row for row in rows if row.kind == kind), day)
    if not found:
        raise BenefitKindNotInForce(kind=str(kind), on=day)
    return found[-1]


def row_of_claim(
    kind: str, rows: Iterable[BenefitKind], filed_on: date, today: date
) -> BenefitKind:
    """Build the row by which a claim is judged.

    The fund and the account are those of the day of filing. The conditions, limits and signatures
    are today's, or the last ones of a kind that has ended: whoever files must not choose them.

    Raises:
        BenefitKindNotInForce: the kind has no row on the day of filing.
    """
    of_kind = [row for row in rows if row.kind == kind]
    booked = benefit_kind_on(kind, of_kind, filed_on)
    begun = [row for row in of_kind if row.in_force_from <= today]
    latest = max(begun, key=lambda row: row.in_force_from, default=booked)
    return replace(latest, fund=booked.fund, account=booked.account)


def require_known(kind: str, rows: Iterable[BenefitKind]) -> None:
    """Refuse a kind that has no row of any day.

    Raises:
        BenefitKindUnknown: there is none.
    """
    if all(row.kind != kind for row in rows):
        fault = Fault("/query/kind", BenefitKindUnknown.code, "未知待遇种类 (unknown kind)")
        raise BenefitKindUnknown(faults=[fault])


def require_filed(row: BenefitKind) -> None:
    """Refuse a kind whose claims the system makes.

    Raises:
        BenefitKindNotFiled: its claims are made by a run or computed.
    """
    if row.origin is not Origin.FILED:
        fault = Fault(
            "/kind", BenefitKindNotFiled.code, f"{row.name}由系统生成 (made by the system)"
        )
        raise BenefitKindNotFiled(faults=[fault], origin=row.origin.value)


def siblings_of(row: BenefitKind, rows: Iterable[BenefitKind]) -> list[BenefitKind]:
    """List the latest row of each other kind of a row's group."""
    if row.event_group is None:
        return []
    in_order = sorted(rows, key=lambda other: other.in_force_from)
    latest = {other.kind: other for other in in_order if other.kind != row.kind}
    return [other for other in latest.values() if other.event_group == row.event_group]


def row_faults(
    row: BenefitKind,
    rows: Sequence[BenefitKind],
    *,
    claimed: bool = False,
    siblings: Sequence[BenefitKind] = (),
) -> list[Fault]:
    """Find what is wrong with a row as it is to be, beside the rows of its kind that stand.

    What claims have paid is remembered under the key that `once` names, so a kind that is `claimed`
    keeps it. The kinds of a group, of which `siblings` are the others, have one key.
    """
    days = row.in_force_to is not None and row.in_force_to < row.in_force_from
    person = row.once in _OF_A_PERSON or row.year_limit_fen is not None or row.not_with_pension
    shared = row.event_group is None or (
        row.once not in _NOT_SHARED and {other.once for other in siblings} <= {row.once}
    )
    employer = row.once is Once.UNIT_YEAR or row.checks_arrears
    origins = {known.origin for known in rows} or {Origin.FILED}
    keys = {known.once for known in rows} - {Once.NONE}
    later = not days and any(overlaps(rows_after(row, rows)))
    return [
        fault
        for wrong, fault in (
            (days, Fault("/in_force_to", "DAYS_REVERSED", "止日早于起日 (ends before it begins)")),
            (later, Fault("/in_force_to", "DAYS_OVERLAP", "与后一行重叠 (meets a later row)")),
            (
                person and not row.needs_person,
                Fault("/needs_person", "PERSON_NEEDED", "按人控制须填身份号码 (counts by person)"),
            ),
            (
                employer and not row.needs_employer,
                Fault("/needs_employer", "EMPLOYER_NEEDED", "须填用人单位 (counts by employer)"),
            ),
            (
                row.origin not in origins,
                Fault("/origin", "ORIGIN_FIXED", "金额来源不可更正 (the origin is fixed)"),
            ),
            (
                claimed and bool(keys) and row.once not in keys,
                Fault("/once", "ONCE_FIXED", "已有申请,依据不可更正 (fixed: there are claims)"),
            ),
            (
                not shared,
                Fault(
                    "/event_group", "GROUP_KEY_DIFFERS", "同组待遇须同一依据 (a group has one key)"
                ),
            ),
        )
        if wrong
    ]


def rows_after(row: BenefitKind, rows: Iterable[BenefitKind]) -> list[BenefitKind]:
    """Compute the rows of a kind once a row is in force.

    It replaces the row of the same first day; the row before it ends the day before it begins.
    """
    others = [known for known in rows if known.in_force_from != row.in_force_from]
    first = row.in_force_from
    cut = [
        replace(known, in_force_to=first - timedelta(days=1))
        if known.in_force_from < first and (known.in_force_to is None or known.in_force_to >= first)
        else known
        for known in others
    ]
    return sorted([*cut, row], key=lambda known: known.in_force_from)
