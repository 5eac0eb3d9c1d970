"""Door of benefit kinds."""

from tests.payout.support.office import Office


async def test_benefit_kinds_are_shown_with_their_source(office: Office) -> None:
    answer = await office.ask("GET", "/v1/benefit-kinds", role="supervisor")
    rows = {(row["kind"], row["fund"]) for row in answer.json()["items"]}
    assert ("maternity_allowance", "maternity") in rows
    assert ("maternity_allowance", "medical") in rows
    assert all(row["source"] for row in answer.json()["items"])
