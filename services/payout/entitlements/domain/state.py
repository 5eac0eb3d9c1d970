"""Faults that a line of a paper has with what is stored of its person, when proposed and when approved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.payout.entitlements.domain.change import BankAccount, ChangeAction
from services.payout.entitlements.domain.holder import holder_faults
from services.payout.entitlements.domain.rule import AmountSource, ReasonRule
from shared.errors import Fault
from shared.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRow:
    """A row of a person, unsealed as far as it is compared."""

    district: str
    since: Period
    monthly_fen: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineState:
    """A line of a paper and what is stored of its person.

    `latest` is the row that began last, `same` the one with the line's own first month; `account`
    is the account that counts now; `account_claims` are claims, not refused, that pay out or transfer
    the personal account of a person without a row, or of one whose death is taken back; `ended` is
    the first month after an end before the line's month; `stopped` is the first month of the stop
    that has the paper's reason. `is_part_computed` is true for a line that states the account's
    part of a pension whose part was computed here.
    """

    since: Period
    holder_reason: str | None = None
    name: str | None = None
    monthly_fen: int | None = None
    account: BankAccount | None = None
    latest: StoredRow | None = None
    same: StoredRow | None = None
    current: BankAccount | None = None
    ended: Period | None = None
    stopped: Period | None = None
    end_exists: bool = False
    is_part_computed: bool = False
    account_claims: tuple[str, ...] = ()


def state_faults(
    action: ChangeAction, district: str, rule: ReasonRule, lines: Mapping[int, LineState]
) -> list[Fault]:
    """Find every fault of a paper's lines, by their place in it."""
    faults: list[Fault] = []
    for index, line in lines.items():
        pointer = f"/people/{index}"
        if action is ChangeAction.REGISTER:
            faults += _register_faults(pointer, district, rule, line)
        elif line.latest is None:
            message = "该人没有此项待遇资格 (this person has no such entitlement)"
            faults.append(Fault(f"{pointer}/identity_number", "ENTITLEMENT_UNKNOWN", message))
        elif action is ChangeAction.RECALCULATE:
            # Another district may pay by now: a row that was moved has the amount of this one.
            if line.same is None:
                message = "该月没有可重新核定的待遇 (no row begins in this month)"
                faults.append(Fault(f"{pointer}/from", "ENTITLEMENT_UNKNOWN", message))
        elif action is ChangeAction.MOVE:
            faults += _move_faults(pointer, district, line.latest, line.since)
        elif line.latest.district != district:
            message = "待遇由其他分中心发放 (another district pays this person)"
            faults.append(Fault(f"{pointer}/identity_number", "ENTITLEMENT_ELSEWHERE", message))
        else:
            faults += _stop_faults(pointer, action, rule, line, line.latest)
    return faults


def _register_faults(pointer: str, district: str, rule: ReasonRule, line: LineState) -> list[Fault]:
    faults = []
    if line.latest is None and rule.amount is AmountSource.TYPED:
        message = (
            "该人没有此项待遇,不能只调整金额;新开养老金走退休审批,旧系统结转用 carried_over "
            "(this person has no such entitlement to change: open a pension by the four steps of a "
            "qualification; what an old system paid is `carried_over`)"
        )
        faults.append(Fault(f"{pointer}/identity_number", "ENTITLEMENT_UNKNOWN", message))
    faults += _account_faults(pointer, line)
    if line.is_part_computed:
        message = (
            "该人养老金的个人账户部分由本系统核定,不得另行填写 "
            "(the account's part of this pension was computed here; do not state another)"
        )
        faults.append(Fault(f"{pointer}/account_amount", "ACCOUNT_PART_COMPUTED", message))
    if line.current is not None and line.account != line.current:
        message = (
            "与现收款账户不符;账户变更须单独办理 "
            "(not the account that is paid; propose its change with action `account`)"
        )
        faults.append(Fault(f"{pointer}/bank_account", "ACCOUNT_DIFFERS", message))
    same = line.same
    if same is not None and (same.district, same.monthly_fen, same.name) != (
        district,
        line.monthly_fen,
        line.name,
    ):
        message = (
            "该人自该月起的待遇已登记且内容不同;变更须自新的月份起 "
            "(registered from this month with other content; a change begins in a later month)"
        )
        faults.append(Fault(pointer, "ENTITLEMENT_DIFFERS", message))
    if line.ended is not None and same is None:
        message = f"待遇自 {line.ended} 起已终止;须先恢复发放 (ended from {line.ended} on; resume it first)"
        faults.append(Fault(f"{pointer}/from", "ENTITLEMENT_ENDED", message))
    return faults


def _account_faults(pointer: str, line: LineState) -> list[Fault]:
    if not line.account_claims:
        return []
    message = (
        "该人的养老保险个人账户已退还或转出,或正在办理;其年限不得再在本地领取养老金 "
        "(the account was or is being paid out or transferred, so its months open no pension here): "
        + "; ".join(line.account_claims)
    )
    return [Fault(f"{pointer}/identity_number", "ACCOUNT_PAID", message)]


def _move_faults(pointer: str, district: str, latest: StoredRow, since: Period) -> list[Fault]:
    if latest.district == district:
        message = "本分中心已在发放 (this district pays already)"
        return [Fault(f"{pointer}/identity_number", "ENTITLEMENT_HERE", message)]
    if since <= latest.since:
        message = f"须晚于 {latest.since} (later than {latest.since}, the last row's first month)"
        return [Fault(f"{pointer}/from", "MOVE_TOO_EARLY", message)]
    return []


def _stop_faults(
    pointer: str, action: ChangeAction, rule: ReasonRule, line: LineState, latest: StoredRow
) -> list[Fault]:
    if action is ChangeAction.ACCOUNT:
        assert line.account is not None
        return holder_faults(pointer, latest.name, line.account.holder, line.holder_reason)
    if action is ChangeAction.SUSPEND and line.stopped is not None:
        message = f"因同一事由已自 {line.stopped} 起停发 (suspended for this since {line.stopped})"
        return [Fault(f"{pointer}/from", "SUSPENDED_ALREADY", message)]
    if action is ChangeAction.END and line.end_exists:
        message = (
            "该人已有待审的终止,或自同月终止 (an end waits, or one with this month is approved)"
        )
        return [Fault(f"{pointer}/event_on", "ENTITLEMENT_END_EXISTS", message)]
    if action is ChangeAction.RESUME:
        return _account_faults(pointer, line) + _resume_faults(f"{pointer}/from", rule, line)
    return []


def _resume_faults(pointer: str, rule: ReasonRule, line: LineState) -> list[Fault]:
    if line.stopped is None:
        message = "没有因该事由停发或终止 (neither suspended nor ended for this reason)"
        return [Fault(pointer, "NOT_STOPPED", message)]
    if line.since < line.stopped:
        message = f"不得早于 {line.stopped} (not before {line.stopped}, the first stopped month)"
        return [Fault(pointer, "RESUMED_BEFORE_STOP", message)]
    if line.since == line.stopped and not rule.back_pay:
        message = "该事由停发的月份不补发 (months stopped for this reason are not paid later)"
        return [Fault(pointer, "NO_BACK_PAY", message)]
    return []
