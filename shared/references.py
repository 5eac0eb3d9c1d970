"""The table of references: the prefix, the kind and the route of every identifier on the wire.

A reference is `<prefix>_<key><uuid>` (shared/ids.py). A prefix belongs to one kind of thing, over
all services, so a reference on a letter or in a log says where to look it up. A voucher's
reference is the exception in form: `vch_<slot>_<number>`.
"""

from __future__ import annotations

from enum import StrEnum, unique


@unique
class Reference(StrEnum):
    """A kind of reference; its value is the prefix.

    `route` is the door that finds one by its reference. Where a kind has no such door, it is the
    list that shows it or the step that takes it.
    """

    chinese: str
    english: str
    route: str

    def __new__(cls, prefix: str, chinese: str, english: str, route: str) -> Reference:
        """Make a member from a row of the table."""
        member = str.__new__(cls, prefix)
        member._value_ = prefix
        member.chinese, member.english, member.route = chinese, english, route
        return member

    @property
    def pattern(self) -> str:
        """Return the regular expression of a reference of this kind."""
        if self is Reference.VOUCHER:
            return rf"^{self}_[0-9]{{1,4}}_[0-9]{{1,18}}$"
        return rf"^{self}_[0-7][0-9a-f]{{47}}$"

    @property
    def example(self) -> str:
        """Return a well-formed reference of this kind, for examples in OpenAPI."""
        if self is Reference.VOUCHER:
            return f"{self}_3_128"
        return f"{self}_2b7e151628aed2a6017b8f3a5c007e1a9c3d5e6f708192a3"

    # Every service
    EVENT = "evt", "事件", "event", "/v1/events"
    WEBHOOK_ENDPOINT = (
        "whe",
        "推送地址",
        "webhook endpoint",
        "/v1/webhook-endpoints/{endpoint}",
    )

    # Collection
    AGREEMENT = "agr", "分期缴费协议", "payment agreement", "/v1/agreements/{agreement}"
    BANK_PROFILE_CORRECTION = (
        "bpc",
        "代扣银行更正",
        "correction of a bank",
        "/v1/bank-profile-corrections/{correction}/approvals",
    )
    BASE_CORRECTION = (
        "bsc",
        "基数更正",
        "base correction",
        "/v1/base-corrections/{correction}/approvals",
    )
    BASE_REVIEW = "bsr", "基数核定", "base review", "/v1/base-reviews/{review}"
    BILL = "bil", "缴费单", "bill", "/v1/bills/{bill}"
    CERTIFICATE = "crt", "参保缴费证明", "certificate", "/v1/certificates/{certificate}"
    CHARGE = "chg", "滞纳金或利息", "late charge", "/v1/units/{credit_code}/charges"
    COLLECTION_MODE = "cmd", "征收模式变更", "collection mode", "/v1/collection-modes"
    CREDIT = "crd", "贷项", "credit", "/v1/units/{credit_code}/credits"
    CREDIT_FLAG_CHANGE = (
        "cfc",
        "失信标记变更",
        "change of a credit flag",
        "/v1/credit-flag-changes/{change}/approvals",
    )
    DEBIT_AGREEMENT = "dag", "扣款协议", "debit agreement", "/v1/debit-agreements/{agreement}"
    DEBIT_BATCH = "dbt", "托收批次", "direct debit batch", "/v1/debit-batches/{batch}"
    DECLARATION = "dcl", "申报", "declaration", "/v1/declarations/{declaration}"
    DUNNING_NOTICE = "dun", "催缴通知", "dunning notice", "/v1/dunning-notices/{notice}"
    INSPECTION = "ins", "稽核案件", "inspection case", "/v1/inspections/{inspection}"
    INSPECTION_RULE_CHANGE = (
        "irc",
        "稽核规则变更",
        "change of a rule of inspections",
        "/v1/inspection-rule-changes/{change}/approvals",
    )
    OPERATION = "opr", "后台作业", "operation", "/v1/operations/{operation}"
    PERSON = "per", "参保人", "insured person", "/v1/people/{person}/covers"
    PERSON_CORRECTION = (
        "pcr",
        "个人信息更正",
        "person correction",
        "/v1/person-corrections/{correction}",
    )
    POLICY = "pol", "政策", "policy", "/v1/policies/{policy}"
    PROJECT = "prj", "工程项目", "construction project", "/v1/projects/{project}"
    PROJECT_CERTIFICATE = (
        "pct",
        "项目参保证明",
        "project certificate",
        "/v1/project-certificates/{certificate}",
    )
    REALLOCATION = "ral", "重新分账", "reallocation", "/v1/units/{credit_code}/reallocations"
    RECEIPT = "rcp", "到账", "receipt", "/v1/receipts/{receipt}"
    RECEIPT_MOVE = "rmv", "到账改入", "move of a receipt", "/v1/receipt-moves/{move}"
    RECEIPT_RETURN = "rrt", "到账退回", "return of a receipt", "/v1/receipt-returns/{return_}"
    RECONCILIATION_ITEM = (
        "rci",
        "对账差异",
        "reconciliation item",
        "/v1/reconciliation-items/{item}",
    )
    RECONCILIATION_LETTER = (
        "rcl",
        "对账函",
        "reconciliation letter",
        "/v1/reconciliation-letters/{letter}",
    )
    REFUND = "rfd", "退费单", "refund", "/v1/refunds/{refund}"
    REGISTER_CHANGE = "rgc", "变更登记", "register change", "/v1/changes/{change}"
    CITY_RULE_CHANGE = (
        "crl",
        "本市规则订正",
        "correction of a city rule",
        "/v1/city-rule-corrections/{correction}/approvals",
    )
    CUT_OFF_CHANGE = (
        "cof",
        "汇总截止日变更",
        "change of a cut-off",
        "/v1/cut-off-changes/{change}/approvals",
    )
    DEBIT_REASON_CHANGE = (
        "drc",
        "拒付代码变更",
        "change of a code of refusals",
        "/v1/debit-reason-changes/{change}/approvals",
    )
    RETRY_RULE_CHANGE = (
        "rrc",
        "再扣规则变更",
        "change of a retry rule",
        "/v1/retry-rule-changes/{change}/approvals",
    )
    STATEMENT_ACCOUNT_CHANGE = (
        "sac",
        "应收对账单账户变更",
        "change of a statement account",
        "/v1/statement-account-changes/{change}/approvals",
    )
    STATEMENT_WITHDRAWAL = (
        "stw",
        "对账单撤回",
        "withdrawal of a statement",
        "/v1/statement-withdrawals/{withdrawal}/approvals",
    )
    SUMMARY = "sum", "申报汇总", "summary", "/v1/summaries/{summary}"
    TAX_ITEM = "txi", "税务征收待办", "work item of tax mode", "/v1/tax-items/{item}/settlements"
    WAIVER = "wai", "减免", "waiver", "/v1/waivers/{waiver}"
    WORKDAYS_CHANGE = (
        "wdc",
        "工作日变更",
        "change of workdays",
        "/v1/workday-changes/{change}/approvals",
    )

    # Ledger
    BUDGET = "bdg", "预算文件", "budget paper", "/v1/budgets/{paper}/approvals"
    CLOSING = "cls", "结账", "closing", "/v1/closings/{id}"
    CORRECTION = "crr", "规则更正", "correction of rules", "/v1/corrections/{id}"
    HOLD = "hld", "资金冻结", "hold", "/v1/holds/{id}"
    INJECTION_RUN = (
        "ijr",
        "退休人员划入",
        "run of retirees' injections",
        "/v1/injection-runs/{run}",
    )
    PERSONAL_RATE = (
        "prt",
        "个人账户记账利率",
        "personal account rate",
        "/v1/personal-rates/{id}/approvals",
    )
    REVERSAL = "rvs", "冲销单", "reversal of a voucher", "/v1/reversals/{reversal}"
    SETTLEMENT = "stl", "上下级结算", "settlement", "/v1/settlements/{id}"
    VOUCHER = "vch", "记账凭证", "voucher", "/v1/vouchers/{id}"

    # Payout
    ACCOUNT_CORRECTION = "acr", "收款账户更正", "account correction", "/v1/account-corrections"
    BENEFIT_KIND_CORRECTION = (
        "bkc",
        "待遇种类更正",
        "correction of a benefit kind",
        "/v1/benefit-kind-corrections",
    )
    CLAIM = "clm", "待遇申请", "claim", "/v1/claims/{claim}"
    COMPARISON_FILE = "cmf", "比对文件", "comparison file", "/v1/comparison-files"
    COMPARISON_MATCH = "cmm", "比对线索", "comparison match", "/v1/comparison-matches"
    ENTITLEMENT = "ent", "待遇资格", "entitlement", "/v1/entitlements"
    ENTITLEMENT_CHANGE = (
        "enc",
        "待遇变更单",
        "change of entitlements",
        "/v1/entitlement-changes/{change}",
    )
    ENTITLEMENT_END = (
        "ene",
        "待遇终止",
        "end of an entitlement",
        "/v1/entitlement-ends/{end}",
    )
    ENTITLEMENT_RULE = (
        "enr",
        "待遇规则",
        "rule of entitlements",
        "/v1/entitlement-rules/{rule}/approvals",
    )
    FORMULA_ROW = "fmr", "待遇计发参数", "formula row", "/v1/formula-rows/{row}"
    FUNDING_PLAN = "fpl", "用款计划", "funding plan", "/v1/funding-plans/{plan}"
    PENSION_FACT_LIST = (
        "pfl",
        "退休信息名单",
        "list of facts of pensioners",
        "/v1/pension-fact-lists/{fact_list}",
    )
    PENSION_RAISE = "prs", "待遇调整", "pension raise", "/v1/pension-raises/{pension_raise}"
    PAYMENT_BATCH = "pay", "支付批次", "payment batch", "/v1/payment-batches/{batch}"
    RECOVERY_CASE = "rcv", "追回案件", "recovery case", "/v1/recovery-cases/{case}"
    QUALIFICATION = (
        "qlf",
        "退休申请",
        "application for retirement",
        "/v1/qualifications/{qualification}",
    )
    QUALIFICATION_MEETING = (
        "qlm",
        "退休会审",
        "meeting that approves applications",
        "/v1/qualification-meetings/{meeting}/posting",
    )
    QUALIFICATION_OBJECTION = (
        "qlo",
        "公示异议",
        "objection to a posting",
        "/v1/qualification-objections/{objection}/decisions",
    )
    RECOVERY_PLAN = (
        "rpl",
        "还款计划",
        "plan of a recovery case",
        "/v1/recovery-plans/{plan}/approvals",
    )
    RECOVERY_ENTRY = (
        "rce",
        "追回款项",
        "amount that settles a recovery case",
        "/v1/recovery-entries/{entry}/approvals",
    )
