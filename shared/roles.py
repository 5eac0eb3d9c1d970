"""Roles, their levels and their rights. One table, readable by an auditor.

Two-level handling: district people accept and review; only centre people audit and move money.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.errors import Forbidden

CENTRE: Final = "centre"
"""The district code of the city centre (市中心) itself."""


class Level(StrEnum):
    """The level of an identity: district, centre or outside."""

    DISTRICT = "district"
    CENTRE = "centre"
    MACHINE = "machine"


class Role(StrEnum):
    """The role of an identity."""

    DISTRICT_CLERK = "district_clerk"  # 分中心经办
    DISTRICT_REVIEWER = "district_reviewer"  # 分中心复核
    CENTRE_AUDITOR = "centre_auditor"  # 市中心审核
    CENTRE_CASHIER = "centre_cashier"  # 市中心出纳
    FUND_ACCOUNTANT = "fund_accountant"  # 基金会计
    DEPARTMENT_HEAD = "department_head"  # 市中心职能部门
    CENTRE_LEADER = "centre_leader"  # 中心主管领导
    SUPERVISOR = "supervisor"  # 监督(只读)
    EMPLOYER_PORTAL = "employer_portal"  # 网上申报大厅
    TAX_BUREAU = "tax_bureau"
    BANK_GATEWAY = "bank_gateway"
    DASHBOARD = "dashboard"
    COLLECTION_SERVICE = "collection_service"
    PAYOUT_SERVICE = "payout_service"
    FINANCE_BUREAU = "finance_bureau"  # 财政部门
    IDENTITY_ADMIN = "identity_admin"  # 身份管理员

    @property
    def level(self) -> Level:
        """Return the level of this role."""
        if self in {Role.DISTRICT_CLERK, Role.DISTRICT_REVIEWER}:
            return Level.DISTRICT
        return Level.CENTRE if self in CENTRE_ROLES else Level.MACHINE

    @property
    def is_person(self) -> bool:
        """Return whether people hold the role (four eyes apply), not machines."""
        return self.level is not Level.MACHINE


CENTRE_ROLES: Final = frozenset(
    {
        Role.CENTRE_AUDITOR,
        Role.CENTRE_CASHIER,
        Role.FUND_ACCOUNTANT,
        Role.DEPARTMENT_HEAD,
        Role.CENTRE_LEADER,
        Role.SUPERVISOR,
        Role.IDENTITY_ADMIN,
    }
)


class Right(StrEnum):
    """One thing an identity may do. Reading is a right too."""

    READ_COLLECTION = "collection:read"
    READ_LEDGER = "ledger:read"
    READ_PAYOUT = "payout:read"
    READ_TRAIL = "trail:read"
    READ_PERSONAL_DATA = "personal_data:read"
    REGISTER = "collection:register"
    APPROVE_CHANGE = "collection:approve_change"
    FOLLOW_PERSON_CORRECTIONS = "person_correction:follow"
    FOLLOW_INSPECTIONS = "inspection:follow"
    PUBLISH_POLICY = "policy:publish"
    QUOTE = "collection:quote"
    SUBMIT_DECLARATION = "declaration:submit"
    LEVY_BY_DEFAULT = "declaration:default"
    OPEN_INSPECTION = "inspection:open"
    PROPOSE_INSPECTION = "inspection:propose"
    DECIDE_INSPECTION = "inspection:decide"
    ACCEPT_DECLARATION = "declaration:accept"
    REVIEW_DECLARATION = "declaration:review"
    SEND_SUMMARY = "summary:send"
    AUDIT_SUMMARY = "summary:audit"
    CREATE_DEBIT_BATCH = "debit_batch:create"
    FETCH_DEBIT_BATCH = "debit_batch:fetch"
    REPORT_DEBIT_RESULT = "debit_batch:report"
    PUSH_TAX = "tax:push"
    PROPOSE_COLLECTION_MODE = "collection_mode:propose"
    APPROVE_COLLECTION_MODE = "collection_mode:approve"
    MATCH_RECEIPT = "receipt:match"
    FILE_RECEIPT_CHANGE = "receipt_change:file"
    APPROVE_RECEIPT_CHANGE = "receipt_change:approve"
    UPLOAD_STATEMENT = "statement:upload"
    RECONCILE = "reconciliation:work"
    APPROVE_RECONCILIATION = "reconciliation:approve"
    ANSWER_RECONCILIATION = "reconciliation:answer"
    POST_VOUCHER = "voucher:post"
    REVERSE_VOUCHER = "voucher:reverse"
    HOLD = "hold:manage"
    PROPOSE_SETTLEMENT = "settlement:propose"
    APPROVE_SETTLEMENT = "settlement:approve"
    ORDER_REFUND = "refund_order:send"
    PROPOSE_CLOSING = "closing:propose"
    APPROVE_CLOSING = "closing:approve"
    PROPOSE_CORRECTION = "correction:propose"
    APPROVE_CORRECTION = "correction:approve"
    SET_BUDGET = "budget:set"
    APPROVE_BUDGET = "budget:approve"
    READ_PERSONAL = "personal:read"
    CREDIT_PERSONAL = "personal:credit"
    MERGE_PERSONAL = "personal:merge"
    MANAGE_PERSONAL = "personal:manage"
    SET_PERSONAL_RATE = "personal:rate"
    APPROVE_PERSONAL_RATE = "personal:approve_rate"
    REGISTER_ENTITLEMENT = "entitlement:register"
    FILE_CLAIM = "claim:file"
    SIGN_FIRST = "payout:sign_first"
    SIGN_SECOND = "payout:sign_second"
    SIGN_THIRD = "payout:sign_third"
    CREATE_PAYMENT_BATCH = "payment_batch:create"
    FETCH_PAYMENT_BATCH = "payment_batch:fetch"
    REPORT_PAYMENT_RESULT = "payment_batch:report"
    REPLAY_OUTBOX = "outbox:replay"
    FILE_AGREEMENT = "agreement:file"
    APPROVE_AGREEMENT = "agreement:approve"
    SEND_DUNNING = "dunning:send"
    REQUEST_WAIVER = "waiver:request"
    APPROVE_WAIVER = "waiver:approve"
    REQUEST_REFUND = "refund:request"
    APPROVE_REFUND = "refund:approve"
    ISSUE_CERTIFICATE = "certificate:issue"
    READ_BILLS = "bill:read"
    READ_ARREARS = "arrears:read"
    READ_CONTRIBUTIONS = "contributions:read"
    READ_BALANCES = "balance:read"
    READ_BOOK_DAYS = "book_days:read"
    READ_IDENTITY = "identity:read"
    MANAGE_IDENTITY = "identity:manage"
    MANAGE_WEBHOOKS = "webhook:manage"


_READS = {Right.READ_COLLECTION, Right.READ_LEDGER, Right.READ_PAYOUT}

RIGHTS: Final[dict[Role, frozenset[Right]]] = {
    Role.DISTRICT_CLERK: frozenset(
        {
            *_READS,
            Right.REGISTER,
            Right.QUOTE,
            Right.SUBMIT_DECLARATION,
            Right.LEVY_BY_DEFAULT,
            Right.ACCEPT_DECLARATION,
            Right.OPEN_INSPECTION,
            Right.FILE_AGREEMENT,
            Right.SEND_DUNNING,
            Right.ISSUE_CERTIFICATE,
            Right.REGISTER_ENTITLEMENT,
            Right.FILE_CLAIM,
        }
    ),
    Role.DISTRICT_REVIEWER: frozenset(
        {
            *_READS,
            Right.QUOTE,
            Right.REVIEW_DECLARATION,
            Right.PROPOSE_INSPECTION,
            Right.APPROVE_CHANGE,
            Right.SEND_SUMMARY,
            Right.SIGN_FIRST,
            Right.READ_PERSONAL_DATA,
            Right.ANSWER_RECONCILIATION,
        }
    ),
    Role.CENTRE_AUDITOR: frozenset(
        {
            *_READS,
            Right.READ_TRAIL,
            Right.QUOTE,
            Right.AUDIT_SUMMARY,
            Right.OPEN_INSPECTION,
            Right.SET_BUDGET,
            Right.SET_PERSONAL_RATE,
            Right.PUBLISH_POLICY,
            Right.SEND_DUNNING,
            Right.REQUEST_WAIVER,
            Right.MATCH_RECEIPT,
            Right.FILE_RECEIPT_CHANGE,
            Right.RECONCILE,
        }
    ),
    Role.CENTRE_CASHIER: frozenset(
        {
            *_READS,
            Right.CREATE_DEBIT_BATCH,
            Right.CREATE_PAYMENT_BATCH,
            Right.UPLOAD_STATEMENT,
        }
    ),
    Role.FUND_ACCOUNTANT: frozenset(
        {
            *_READS,
            Right.PROPOSE_SETTLEMENT,
            Right.PROPOSE_CLOSING,
            Right.PROPOSE_CORRECTION,
            Right.REVERSE_VOUCHER,
            Right.READ_PERSONAL,
            Right.MANAGE_PERSONAL,
            Right.MATCH_RECEIPT,
            Right.FILE_RECEIPT_CHANGE,
            Right.REQUEST_REFUND,
            Right.REPLAY_OUTBOX,
            Right.UPLOAD_STATEMENT,
            Right.RECONCILE,
        }
    ),
    Role.DEPARTMENT_HEAD: frozenset(
        {
            *_READS,
            Right.QUOTE,
            Right.PUBLISH_POLICY,
            Right.PROPOSE_COLLECTION_MODE,
            Right.DECIDE_INSPECTION,
            Right.APPROVE_AGREEMENT,
            Right.APPROVE_WAIVER,
            Right.APPROVE_RECEIPT_CHANGE,
            Right.APPROVE_RECONCILIATION,
            Right.APPROVE_REFUND,
            Right.SIGN_SECOND,
            Right.APPROVE_SETTLEMENT,
            Right.APPROVE_BUDGET,
            Right.APPROVE_CLOSING,
            Right.APPROVE_CORRECTION,
            Right.APPROVE_PERSONAL_RATE,
            Right.FILE_CLAIM,
        }
    ),
    Role.CENTRE_LEADER: frozenset(
        {
            *_READS,
            Right.APPROVE_COLLECTION_MODE,
            Right.SIGN_THIRD,
            Right.APPROVE_SETTLEMENT,
            Right.APPROVE_BUDGET,
            Right.APPROVE_CLOSING,
            Right.APPROVE_CORRECTION,
        }
    ),
    Role.SUPERVISOR: frozenset(
        {
            *_READS,
            Right.READ_TRAIL,
            Right.READ_PERSONAL,
            Right.READ_PERSONAL_DATA,
            Right.READ_IDENTITY,
        }
    ),
    Role.EMPLOYER_PORTAL: frozenset(
        {Right.READ_COLLECTION, Right.QUOTE, Right.SUBMIT_DECLARATION, Right.REGISTER}
    ),
    Role.TAX_BUREAU: frozenset(
        {
            Right.PUSH_TAX,
            Right.READ_BILLS,
            Right.MANAGE_WEBHOOKS,
            Right.ANSWER_RECONCILIATION,
        }
    ),
    Role.FINANCE_BUREAU: frozenset({Right.ANSWER_RECONCILIATION}),
    Role.BANK_GATEWAY: frozenset(
        {
            Right.FETCH_DEBIT_BATCH,
            Right.REPORT_DEBIT_RESULT,
            Right.FETCH_PAYMENT_BATCH,
            Right.REPORT_PAYMENT_RESULT,
            Right.MANAGE_WEBHOOKS,
            Right.UPLOAD_STATEMENT,
            Right.ANSWER_RECONCILIATION,
        }
    ),
    Role.DASHBOARD: frozenset({Right.READ_BALANCES, Right.MANAGE_WEBHOOKS}),
    Role.COLLECTION_SERVICE: frozenset(
        {
            Right.POST_VOUCHER,
            Right.ORDER_REFUND,
            Right.CREDIT_PERSONAL,
            Right.MERGE_PERSONAL,
            Right.READ_BOOK_DAYS,
            Right.READ_LEDGER,
        }
    ),
    Role.PAYOUT_SERVICE: frozenset(
        {
            Right.POST_VOUCHER,
            Right.HOLD,
            Right.CREDIT_PERSONAL,
            Right.READ_ARREARS,
            Right.READ_CONTRIBUTIONS,
            Right.READ_PERSONAL,
            Right.READ_BOOK_DAYS,
            Right.FOLLOW_PERSON_CORRECTIONS,
            Right.FOLLOW_INSPECTIONS,
        }
    ),
    Role.IDENTITY_ADMIN: frozenset({Right.READ_IDENTITY, Right.MANAGE_IDENTITY}),
}

STEPS_OF_ONE_PAPER: Final[tuple[frozenset[Right], ...]] = (
    frozenset({Right.ACCEPT_DECLARATION, Right.REVIEW_DECLARATION, Right.AUDIT_SUMMARY}),
    frozenset({Right.REGISTER, Right.APPROVE_CHANGE}),
    frozenset({Right.OPEN_INSPECTION, Right.PROPOSE_INSPECTION, Right.DECIDE_INSPECTION}),
    frozenset({Right.PROPOSE_SETTLEMENT, Right.APPROVE_SETTLEMENT}),
    frozenset({Right.REVERSE_VOUCHER, Right.APPROVE_SETTLEMENT}),
    frozenset({Right.SET_BUDGET, Right.APPROVE_BUDGET}),
    frozenset({Right.FILE_AGREEMENT, Right.APPROVE_AGREEMENT}),
    frozenset({Right.REQUEST_WAIVER, Right.APPROVE_WAIVER}),
    frozenset({Right.REQUEST_REFUND, Right.APPROVE_REFUND, Right.ORDER_REFUND}),
    frozenset({Right.FILE_RECEIPT_CHANGE, Right.APPROVE_RECEIPT_CHANGE}),
    frozenset({Right.RECONCILE, Right.APPROVE_RECONCILIATION}),
    frozenset({Right.PROPOSE_CLOSING, Right.APPROVE_CLOSING}),
    frozenset({Right.PROPOSE_CORRECTION, Right.APPROVE_CORRECTION}),
    frozenset({Right.SET_PERSONAL_RATE, Right.APPROVE_PERSONAL_RATE}),
    frozenset({Right.SIGN_FIRST, Right.SIGN_SECOND, Right.SIGN_THIRD, Right.CREATE_PAYMENT_BATCH}),
)
"""Rights of which no role has two: four eyes are two roles before they are two people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An authenticated identity.

    `subject` is the person who acts, or the machine where no person stands behind a client.
    `client` is the principal that signed in, `district` the code of its district or "centre", and
    `units` the credit codes of the only units that it acts for; None: no such limit. `rights` are
    the role's where two people have changed them from the shipped table.
    """

    subject: str
    role: Role
    district: str = CENTRE
    client: str | None = None
    units: frozenset[str] | None = None
    rights: frozenset[Right] | None = None

    @property
    def level(self) -> Level:
        """Return the level of the caller's role."""
        return self.role.level

    def may(self, right: Right) -> bool:
        """Return whether the caller's role has this right."""
        return right in (RIGHTS[self.role] if self.rights is None else self.rights)

    def require(self, right: Right) -> None:
        """Refuse unless the role carries the right.

        Raises:
            Forbidden: it does not.
        """
        if not self.may(right):
            raise Forbidden(right=right.value, role=self.role.value)

    def require_district(self, district: str) -> None:
        """Refuse a district caller of another district.

        Raises:
            Forbidden: the caller belongs to another district.
        """
        if self.level is Level.DISTRICT and self.district != district:
            raise Forbidden(district=district, own_district=self.district)

    def scope(self, district: str | None) -> str | None:
        """Return the district that the caller's query is limited to; None for all districts.

        Raises:
            Forbidden: a district caller asked for another district.
        """
        if self.level is not Level.DISTRICT:
            return district
        if district is not None:
            self.require_district(district)
        return self.district
