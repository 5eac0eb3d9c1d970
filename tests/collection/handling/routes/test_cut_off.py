"""Cut-offs of periods: the city's rule on workdays, or a day that two people set."""

from tests.collection.support.office import Office

MARCH = {"period": "2022-03", "cut_off_on": "2022-04-15", "source": "津社险〔2022〕3号"}


async def test_a_day_that_two_people_set_goes_before_the_rule(office: Office) -> None:
    async def listed(year: int) -> dict[str, dict[str, object]]:
        found = (await office.get("supervisor", "/v1/cut-offs", year=year)).json()["items"]
        return {one["period"]: one for one in found}

    by_rule = await listed(2021)
    assert len(by_rule) == 12
    # 20 February 2021 was a Saturday on which people worked; 20 March a Saturday off.
    assert by_rule["2021-01"]["cut_off_on"] == "2021-02-20"
    assert by_rule["2021-02"]["cut_off_on"] == "2021-03-22"
    assert not by_rule["2021-02"]["certain"]

    for role, district in (("district_reviewer", "heping"), ("supervisor", "centre")):
        answer = await office.post(role, "/v1/cut-offs", MARCH, district=district)
        assert answer.status_code == 403
    filed = await office.post("centre_auditor", "/v1/cut-offs", MARCH)
    assert filed.status_code == 201, filed.text
    again = await office.post("department_head", "/v1/cut-offs", MARCH)
    assert (again.status_code, again.json()["code"]) == (409, "SIGNED_CHANGE_WAITS")
    waiting = (await office.get("supervisor", "/v1/cut-offs", year=2021)).json()["waiting"]
    assert [one["cut_off_on"] for one in waiting] == ["2022-04-15"]

    path = f"/v1/cut-off-changes/{filed.json()['id']}"
    alone = await office.post("centre_auditor", f"{path}/approvals")
    assert (alone.status_code, alone.json()["code"]) == (409, "SAME_PERSON_TWICE")
    assert (await listed(2022))["2022-03"]["set_by"] is None
    done = await office.post("department_head", f"{path}/approvals")
    assert done.json()["status"] == "approved"
    march = (await listed(2022))["2022-03"]
    assert (march["cut_off_on"], march["certain"]) == ("2022-04-15", True)
    assert march["set_by"] == "centre_auditor / department_head"

    later = await office.post(
        "centre_auditor", "/v1/cut-offs", MARCH | {"cut_off_on": "2022-04-30"}
    )
    path = f"/v1/cut-off-changes/{later.json()['id']}/refusals"
    refused = await office.post("department_head", path, {"why": "过晚"})
    assert refused.json()["status"] == "refused"
    assert (await listed(2022))["2022-03"]["cut_off_on"] == "2022-04-15"
