"""Payout's names, numbers and accounts move to another key: all of them, once, and nothing else may change them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.database.field_keys import KeyRefused
from services.database.rotation import SealedData
from services.payout.common.evidence import STREAMS
from services.payout.common.flows import PersonKeys
from services.payout.common.personal import RESEALED
from shared.db import Database
from shared.evidence.verify import frozen, verify
from shared.process.settings import Settings
from shared.security import resealing
from shared.security.field_keys import Algorithm
from tests.conftest import SettingsFor
from tests.payout.support.merging import merge
from tests.payout.support.office import Office
from tests.payout.support.papers import account, number, pensioner
from tests.payout.support.personal import NAMES, lived, readable
from tests.payout.support.recovering import died, paid_month, receipt, reported
from tests.payout.support.recovering import opened as open_cases
from tests.payout.support.retiring import applicant, filed

SERIALS = (1910, 1911, 1912)
DEAD = 1913


class Killed(BaseException):
    """The command was killed between two batches."""


@pytest.fixture(scope="module")
def settings_for(
    settings_for: SettingsFor, tmp_path_factory: pytest.TempPathFactory
) -> SettingsFor:
    """Settings with a directory of field keys of this module's own."""
    directory = tmp_path_factory.mktemp("field-keys")
    return lambda **more: settings_for(**({"field_keys_dir": directory} | more))


@pytest.fixture
async def data(settings_for: SettingsFor) -> AsyncIterator[SealedData]:
    """Payout's sealed values, as the administrator works on them."""
    settings: Settings = settings_for()
    db = Database(str(settings.database_url), "payout", pool_size=1, statement_timeout_ms=0)
    yield SealedData(settings, "payout", db)
    await db.close()


async def end(office: Office, serial: int) -> None:
    """Change the account of a pension, find its person in a list of deaths, and propose its end."""
    listed = await office.client.post(
        "/v1/comparison-files",
        params={"comparison": "death", "source": "x"},
        content=f"identity_number,event_on\n{number(serial)},2021-07-01\n",
        headers=office.bearer("centre_auditor"),
    )
    assert listed.json()["matches"] == 1, listed.text
    change = {
        "identity_number": number(serial),
        "bank_account": account(serial + 100, NAMES[0]),
    }
    changed = await office.change("account", [change], "jinnan", reason="requested")
    assert changed.status_code == 201, changed.text
    body = {
        "district": "jinnan",
        "identity_number": number(serial),
        "last_period": "2021-07",
        "reason": "death",
    }
    how = {"role": "district_clerk", "district": "jinnan"}
    answer = await office.ask("POST", "/v1/entitlement-ends", body, **how)
    assert answer.status_code == 201, answer.text


async def overpay(office: Office, district: str) -> None:
    """Pay a month after a death, open its case, and report money of an unknown payer."""
    await office.register([pensioner(DEAD, "1000.00", "2021-10")], district)
    for month in ("2021-10", "2021-11"):
        await paid_month(office, month, district)
    await died(office, DEAD, "2021-10-20", district)
    assert (await open_cases(office, district)).status_code == 201
    assert await reported(office, receipt("B-1", "1.00", "2021-12-20")) == ["waiting"]


async def opened(office: Office) -> dict[str, list[Any]]:
    """Read every sealed column of payout, opened."""
    found: dict[str, list[Any]] = {}
    keys: PersonKeys = office.app.state.person_keys
    async with office.app.state.db.transaction() as tx:
        for table in RESEALED:
            for column in table.columns:
                rows = await tx.execute(
                    text(f"SELECT {column.name} FROM {table.name} ORDER BY {', '.join(table.key)}")
                )
                cipher = keys.cipher if column.form == "bytes" else keys.by_label[column.labels[0]]
                found[f"{table.name}.{column.name}"] = [
                    None if value is None else cipher.open(bytes(value)) for value in rows.scalars()
                ]
    return found


UNUSED = {"webhook_secret.sealed"}
"""Sealed columns of which this little life has no value."""


async def test_a_killed_rotation_goes_on_and_every_value_moves_once(
    office: Office, data: SealedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = await lived(office, "jinnan", *SERIALS)
    await end(office, SERIALS[2])
    await merge(office, number(SERIALS[0]), number(SERIALS[1]))
    await overpay(office, "xiqing")
    await filed(office, applicant(office, "xiqing"), "xiqing")
    line, before = (await office.lines(second))[0], await opened(office)
    assert {name for name, values in before.items() if not values} == UNUSED
    first = data.keys.current.id
    total = sum(use.total for use in await data.uses())
    with pytest.raises(KeyRefused, match="rotate"):
        await data.seal()

    new = await data.rotate(Algorithm.SM4_GCM)
    assert await data.waiting() > 4
    monkeypatch.setattr(resealing, "ROWS_PER_BATCH", 1)
    small = [resealing.ResealedTable(t.name, t.key, t.columns, t.where, 1) for t in RESEALED]
    data._tables = tuple(small)
    await killed_after(data, 3)
    await killed_after(data, 2)
    rows = await data.waiting()
    with pytest.raises(KeyRefused, match=f"the key {first} is needed by"):
        await data.retire(first, settled=timedelta(0))
    assert await data.seal() == rows
    assert await data.seal() == 0
    assert await opened(office) == before
    assert (await office.lines(second))[0] == line
    uses = {use.key.id: use for use in await data.uses()}
    assert (uses[first].total, uses[new].total) == (0, total)
    assert await readable(office.app.state.db) == set()

    with pytest.raises(KeyRefused, match="may be retired in 60 minutes"):
        await data.retire(first)
    await data.retire(first, settled=timedelta(0))
    with pytest.raises(KeyRefused, match="there is no key"):
        await data.retire(first, settled=timedelta(0))
    assert await opened(office) == before
    async with frozen(office.app.state.db) as tx:
        assert (await verify(tx, "payout", STREAMS)).faults == []


async def killed_after(data: SealedData, batches: int) -> None:
    """Seal some batches and die."""
    left = batches

    def progress(table: str, rows: int) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Killed

    with pytest.raises(Killed):
        await data.seal(progress)


async def test_new_values_take_the_new_key_at_once_and_another_rotation_follows(
    office: Office, data: SealedData
) -> None:
    new = await data.rotate(Algorithm.AES_256_GCM)
    await data.seal()
    await lived(office, "beichen", 1921)
    (use,) = [use for use in await data.uses() if use.key.id == new]
    assert use.is_current
    assert sum(use.total for use in await data.uses()) == use.total or await data.seal()
    assert {use.key.id for use in await data.uses() if use.total} == {new}


SWAP = "UPDATE claim_line SET bank_number = (SELECT max(bank_number) FROM claim_line)"


def with_another_amount(column: str) -> str:
    return f"UPDATE claim_line SET amount_fen = amount_fen + 1, {column}"


async def run_as(db: Database, role: str, statement: str) -> None:
    async with db.transaction() as tx:
        await tx.execute(text(f"SET LOCAL ROLE {role}"))
        await tx.execute(text(statement))


async def test_nobody_changes_an_account_in_the_name_of_a_rotation(
    office: Office, data: SealedData
) -> None:
    await lived(office, "wuqing", 1931)
    await data.rotate(Algorithm.AES_256_GCM)
    header = data.keys.current.header.hex()
    # What a re-encryption looks like from outside: the new key's header, as many bytes.
    forged = f"bank_number = decode('01{header}', 'hex') || substring(bank_number FROM 11)"
    longer = f"bank_number = decode('01{header}00', 'hex') || substring(bank_number FROM 11)"
    unknown = f"bank_number = decode('0102{'ab' * 8}', 'hex') || substring(bank_number FROM 11)"
    for role, statement in (
        ("wuxian_payout", f"UPDATE claim_line SET {forged}"),
        ("NONE", SWAP),
        ("NONE", f"UPDATE claim_line SET {longer}"),
        ("NONE", f"UPDATE claim_line SET {unknown}"),
        ("NONE", with_another_amount(forged)),
    ):
        with pytest.raises(DBAPIError, match="never changes"):
            await run_as(office.app.state.db, role, statement)
    await data.seal()


async def test_a_change_under_cover_of_a_rotation_is_named(office: Office) -> None:
    db: Database = office.app.state.db
    async with frozen(db) as tx:
        assert (await verify(tx, "payout", STREAMS)).faults == []
    async with db.transaction() as tx:
        await tx.execute(text("SET LOCAL ROLE NONE"))
        await tx.execute(text("SELECT set_config('wuxian.reason', 'rotation of keys: 00', true)"))
        await tx.execute(text("UPDATE entitlement SET monthly_fen = monthly_fen + 1"))
    async with frozen(db) as tx:
        faults = (await verify(tx, "payout", STREAMS)).faults
    assert faults
    assert all("no service and no migration" in fault for fault in faults)
