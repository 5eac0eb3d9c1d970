"""Shapes of the city's own rules: one document for each, as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, StringConstraints

from services.collection.common.domain.signed_change import SignedChange
from services.collection.common.schemas.common import Day
from services.collection.common.store.city_rule import CityRule, CityRuleVersion
from services.collection.policy.domain.charge import ChargeKind
from services.collection.quality.domain.quality import CheckKind
from shared.period import PERIOD_PATTERN
from shared.references import Reference
from shared.schema import Code, In, Out, ShortText

Sentence = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
UpperCode = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{1,47}$")]
ROWS_MAX = 2000


class SourcedRow(In):
    """A row with the document it rests on; `certain` once that is confirmed for this city."""

    source: Sentence
    certain: bool


class CutOffRow(SourcedRow):
    """The day of the following month until which a region sends its summaries."""

    region: Code
    from_period: Annotated[str, StringConstraints(pattern=PERIOD_PATTERN)]
    cut_off_day: int = Field(ge=1, le=31, strict=True)


class FilingSourceRow(In):
    """A document that the filing rules rest on."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
    text: Sentence
    certain: bool


class YearRow(In):
    """The month in which the declaration year begins."""

    year_begins_month: int = Field(ge=1, le=12, strict=True)
    source: str = Field(max_length=40)


class RegionYearRow(YearRow):
    """The declaration year of one region."""

    region: Code


class LevyItemRow(In):
    """The insurance and the party of a levy item of the tax bureau."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,40}$")]
    insurance: Code
    party: Literal["unit", "personal", "late_fee"]
    name: ShortText
    certain: bool


class NoticeTextRow(SourcedRow):
    """The sentence of a kind of notice on some days."""

    notice: Code
    in_force_from: Day
    in_force_to: Day | None = None
    text: Sentence


class QualityCheckRow(SourcedRow):
    """A check and its limits."""

    id: Code
    kind: CheckKind
    subject: Code
    title: ShortText
    limits: dict[str, JsonValue]


class QualityTargetRow(SourcedRow):
    """The share of subjects that must be free of findings."""

    id: Code
    title: ShortText
    at_least: Annotated[str, StringConstraints(pattern=r"^(0\.[0-9]{1,6}|1\.0{1,6})$")]
    checks: list[Code] = Field(max_length=100)


class ReturnCodeRow(SourcedRow):
    """A reason for returning a paper. Without papers it can no longer be used."""

    code: UpperCode
    text: ShortText
    papers: list[Literal["declaration", "summary", "change"]]
    needs_note: bool


class WaiverReasonRow(SourcedRow):
    """A reason for waiving late fees or interest, on its days."""

    code: UpperCode
    text: ShortText
    kinds: list[ChargeKind] = Field(min_length=1)
    in_force_from: Day
    in_force_to: Day | None = None


class CityRuleIn(In):
    """A whole document as it shall become, and the reason."""

    reason: ShortText = Field(examples=["本市文件:汇总截止日改为每月 18 日"])

    def content(self) -> dict[str, Any]:
        """Return the document without the request's own members."""
        return self.model_dump(mode="json", exclude={"rule", "reason"})


class CutOffsIn(CityRuleIn):
    """Cut-off days of summaries (汇总截止日)."""

    rule: Literal["summary_calendar"]
    rules: list[CutOffRow] = Field(max_length=ROWS_MAX)


class DeclarationYearIn(CityRuleIn):
    """Declaration years (申报年度)."""

    rule: Literal["filing"]
    sources: list[FilingSourceRow] = Field(max_length=ROWS_MAX)
    regions: list[RegionYearRow] = Field(max_length=ROWS_MAX)
    default: YearRow


class LevyItemsIn(CityRuleIn):
    """Levy items of the tax bureau (征收品目)."""

    rule: Literal["levy_items"]
    about: str = Field(default="", max_length=2000)
    items: list[LevyItemRow] = Field(max_length=ROWS_MAX)


class NoticeTextsIn(CityRuleIn):
    """Sentences of printed notices (通知书文字)."""

    rule: Literal["notice_texts"]
    texts: list[NoticeTextRow] = Field(max_length=ROWS_MAX)


class QualityChecksIn(CityRuleIn):
    """Limits and targets of data quality (数据质量界限)."""

    rule: Literal["quality_checks"]
    subjects: dict[Code, ShortText]
    checks: list[QualityCheckRow] = Field(max_length=ROWS_MAX)
    targets: list[QualityTargetRow] = Field(max_length=ROWS_MAX)


class ReturnCodesIn(CityRuleIn):
    """Return codes (退回原因)."""

    rule: Literal["return_codes"]
    codes: list[ReturnCodeRow] = Field(max_length=ROWS_MAX)


class WaiverReasonsIn(CityRuleIn):
    """Reasons of waivers (减免原因)."""

    rule: Literal["waiver_reasons"]
    reasons: list[WaiverReasonRow] = Field(max_length=ROWS_MAX)


CityRuleBody = Annotated[
    CutOffsIn
    | DeclarationYearIn
    | LevyItemsIn
    | NoticeTextsIn
    | QualityChecksIn
    | ReturnCodesIn
    | WaiverReasonsIn,
    Field(discriminator="rule"),
]


class CityRuleRefusalIn(In):
    """The reason of a refusal."""

    why: ShortText


class CityRuleOut(Out):
    """A document as it is in force; version 0 is the shipped one."""

    rule: CityRule
    version: int
    content: JsonValue
    reason: str
    set_by: str
    set_at: datetime | None

    @classmethod
    def of(cls, version: CityRuleVersion) -> CityRuleOut:
        """Build the answer from a version."""
        return cls(**{name: getattr(version, name) for name in cls.model_fields})


class CityRuleCorrectionOut(Out):
    """A correction of a document: one person files it, another approves."""

    id: str = Field(examples=[Reference.CITY_RULE_CHANGE.example])
    rule: CityRule
    content: JsonValue
    reason: str
    status: str = Field(examples=["filed"], description="filed | approved | refused")
    filed_by: str
    decided_by: str | None

    @classmethod
    def of(cls, change: SignedChange) -> CityRuleCorrectionOut:
        """Build the answer from a change."""
        return cls(
            id=change.reference,
            rule=CityRule(change.target),
            content=change.content,
            reason=change.reason,
            status=change.status,
            filed_by=change.filed_by,
            decided_by=change.decided_by,
        )


class CityRulesOut(Out):
    """Every document as it is in force, and the corrections that wait for their decision."""

    items: list[CityRuleOut]
    waiting: list[CityRuleCorrectionOut]

    @classmethod
    def of(cls, found: tuple[Sequence[CityRuleVersion], Sequence[SignedChange]]) -> CityRulesOut:
        """Build the answer."""
        rules, waiting = found
        return cls(
            items=[CityRuleOut.of(one) for one in rules],
            waiting=[CityRuleCorrectionOut.of(one) for one in waiting],
        )
