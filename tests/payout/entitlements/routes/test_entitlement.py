"""Doors of entitlements."""

from sqlalchemy import text

from tests.payout.support.office import Office
from tests.payout.support.papers import number, pensioner


async def test_a_list_is_registered_once_and_a_repeat_is_replayed(office: Office) -> None:
    people = [pensioner(serial) for serial in range(3)]
    first = await office.register(people)
    assert first.status_code == 201, first.text
    assert (first.json()["lines"], first.json()["applied"]) == (3, 3)
    again = await office.register([*people, pensioner(3)])
    assert (again.json()["lines"], again.json()["applied"]) == (4, 1)


async def test_the_same_month_with_another_amount_is_named_and_nothing_is_written(
    office: Office,
) -> None:
    answer = await office.register([pensioner(900), pensioner(1, amount="9.99")])
    assert answer.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [
        ("/people/1", "ENTITLEMENT_DIFFERS")
    ]
    assert (await office.register([pensioner(900)])).json()["applied"] == 1


async def test_every_bad_identity_number_is_named(office: Office) -> None:
    bad = pensioner(5) | {
        "identity_number": number(5)[:-1] + ("1" if number(5)[-1] != "1" else "2")
    }
    answer = await office.register([bad, pensioner(6), pensioner(6)])
    assert answer.status_code == 422
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {
        "/people/0/identity_number",
        "/people/2/identity_number",
    }
    assert bad["identity_number"] not in answer.text


async def test_the_number_is_stored_sealed_and_listed_masked(office: Office) -> None:
    secret = number(77)
    await office.register([pensioner(77)])
    async with office.app.state.db.transaction() as tx:
        rows = (await tx.execute(text("SELECT CAST(entitlement.* AS text) FROM entitlement"))).all()
        sealed = (await tx.execute(text("SELECT sealed_number FROM entitlement"))).scalars().all()
    assert all(secret not in str(row) for row in rows)
    assert all(secret.encode() not in bytes(value) for value in sealed)
    listed = await office.ask(
        "GET", "/v1/entitlements", role="district_clerk", district="heping", limit=500
    )
    assert secret not in listed.text
    assert f"{secret[:4]}**********{secret[-4:]}" in listed.text
    assert "张建国" not in listed.text


async def test_a_clerk_registers_and_lists_only_the_own_district(office: Office) -> None:
    refused = await office.ask(
        "POST",
        "/v1/entitlement-changes",
        {
            "action": "register",
            "district": "nankai",
            "reason": "carried_over",
            "document": "津退审[2021]115号",
            "people": [pensioner(50)],
        },
        role="district_clerk",
        district="heping",
    )
    assert refused.status_code == 403
    listed = await office.ask("GET", "/v1/entitlements", role="district_clerk", district="heping")
    assert {one["district"] for one in listed.json()["items"]} == {"heping"}


async def test_lists_are_read_page_by_page(office: Office) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        page = (
            await office.ask("GET", "/v1/entitlements", role="supervisor", limit=2, cursor=cursor)
        ).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) > 2
    bad = await office.ask("GET", "/v1/entitlements", role="supervisor", cursor="bm9uc2Vuc2U")
    assert bad.status_code == 422
