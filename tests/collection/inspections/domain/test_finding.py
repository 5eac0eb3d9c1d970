"""Findings are checked whole: members by kind, numbers, references, repeats."""

from services.collection.inspections.domain.finding import (
    FindingDraft,
    FindingKind,
    InspectionFinding,
    draft_faults,
    drop_faults,
    wages_of,
)
from shared.cn import identity_number
from shared.period import Period
from shared.references import Reference

JULY = Period(2021, 7)
NUMBER = identity_number.with_check_digit("12010119900307451")


def draft(kind: FindingKind, **members: object) -> FindingDraft:
    return FindingDraft(kind=kind, period=JULY, note="工资表", **members)  # type: ignore[arg-type]


def understated(number: str = NUMBER) -> FindingDraft:
    return draft(FindingKind.BASE_UNDERSTATED, identity_number=number, wage_fen=800_000)


def found(drafts: list[FindingDraft]) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.code) for fault in draft_faults(drafts)]


def test_each_kind_has_its_members() -> None:
    wrong = {"claim": Reference.CLAIM.example, "claim_line": 1, "amount_fen": 100}
    assert not found([understated(), draft(FindingKind.BENEFIT_WRONG, **wrong)])
    assert found([draft(FindingKind.BENEFIT_WRONG, identity_number=NUMBER)]) == [
        ("/findings/0/amount", "MEMBER_MISSING"),
        ("/findings/0/claim", "MEMBER_MISSING"),
        ("/findings/0/claim_line", "MEMBER_MISSING"),
        ("/findings/0/identity_number", "MEMBER_UNUSED"),
    ]


def test_every_fault_is_named() -> None:
    bad = draft(FindingKind.BENEFIT_WRONG, claim="clm_1", claim_line=1, amount_fen=100)
    assert found([understated(), understated(), understated("1"), bad]) == [
        ("/findings/1", "FINDING_REPEATED"),
        ("/findings/2/identity_number", "IDENTITY_NUMBER_SHAPE"),
        ("/findings/3/claim", "CLAIM_MALFORMED"),
    ]


def test_a_dropped_finding_does_not_count() -> None:
    def stored(number: int, period: str, dropped: str | None = None) -> InspectionFinding:
        return InspectionFinding(
            number=number,
            kind=FindingKind.NOT_ENROLLED,
            period=period,
            note="",
            person_id=number,
            wage_fen=number * 100,
            dropped=dropped,
        )

    findings = [stored(1, "2021-07"), stored(2, "2021-07", "已离职"), stored(3, "2021-08")]
    assert wages_of(findings, JULY) == {1: 100}
    faults = drop_faults(findings, {2: "已离职", 9: "无"})
    assert [(fault.pointer, fault.code) for fault in faults] == [
        ("/dropped/1/finding", "FINDING_UNKNOWN")
    ]
