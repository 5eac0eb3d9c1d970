"""Books are proved from the database or from a file alone, and every attack on them is found."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.ledger.chain.flows import anchor as anchor_flow
from services.ledger.chain.flows.verify import export, frozen, verify, verify_lines
from services.ledger.posting.domain.voucher import GENESIS, chain_hash, is_hash_supported
from services.ledger.posting.flows.books import Books, WrongHash
from services.ledger.posting.schemas.codes import markdown
from shared import clock
from shared.db import Database
from tests.conftest import database_on
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import centre_draft, receipt, receipt_draft
from tests.ledger.support.reversing import reverse
from tests.ledger.support.year import approve, new_ledger, propose

ROOT = Path(__file__).parents[3]
Record = dict[str, Any]


async def exported(books: Books) -> list[bytes]:
    lines: list[bytes] = []
    async with frozen(books.db) as tx:
        assert await export(tx, lines.append) == len(lines)
    return lines


@pytest.fixture(scope="module")
async def lines(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> list[bytes]:
    """An export of books with receipts, a reversal, a payment, a closed day and anchors."""
    async with new_ledger(server_url, template, settings_for, client_of, bearer) as ledger:
        await ledger.fund_expenditure("500.00")
        await ledger.books.post([receipt_draft(100 + i, owner=f"UNIT-{i}") for i in range(40)])
        hold = await ledger.hold("500.00")
        await ledger.books.post(
            [
                centre_draft(
                    "payment", "benefit.basic_pension", "expenditure_deposit", i, hold=hold
                )
                for i in range(1, 9)
            ]
        )
        id = (await ledger.post("/v1/vouchers", receipt())).json()["id"]
        assert (await reverse(ledger, id)).status_code == 200
        proposed = (await propose(ledger, "day", "2021-07-16")).json()
        assert (await approve(ledger, proposed["id"])).status_code == 200
        await ledger.books.post(
            [receipt_draft(1, book_date=clock.today(), owner=f"UNIT-{i}") for i in range(20)]
        )
        await anchor_flow.publish(ledger.books, anchor_flow.last_ended())
        return await exported(ledger.books)


def read(lines: list[bytes]) -> list[Record]:
    return [json.loads(line) for line in lines]


def written(records: list[Record]) -> list[bytes]:
    return [json.dumps(record, ensure_ascii=False).encode() for record in records]


def test_the_file_alone_proves_the_books(lines: list[bytes]) -> None:
    verdict = verify_lines(lines)
    assert verdict.faults == ()
    assert (verdict.slots, verdict.anchors) == (4, 4)
    assert verdict.vouchers == sum(line.startswith(b'{"type":"voucher"') for line in lines) > 70
    assert [(one.fund, one.debit_fen - one.credit_fen) for one in verdict.trial] == [("pension", 0)]


def test_a_strangers_verifier_from_the_manual_agrees(lines: list[bytes], tmp_path: Path) -> None:
    code = (ROOT / "docs/ledger-chain.md").read_text().split("```python\n")[1].split("```")[0]
    (tmp_path / "verifier.py").write_text(code)

    def run(of: list[bytes]) -> subprocess.CompletedProcess[str]:
        (tmp_path / "books.ndjson").write_bytes(b"".join(line.rstrip(b"\n") + b"\n" for line in of))
        command = [sys.executable, "-I", "verifier.py", "books.ndjson"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    good = run(lines)
    assert (good.returncode, good.stdout) == (0, f"{verify_lines(lines).vouchers} vouchers hold\n")
    records = read(lines)
    attacked(records)["summary"] = "x"
    assert "broken at vch_2_3" in run(written(records)).stderr


def attacked(records: list[Record], seq: int = 3) -> Record:
    """A voucher in the midst of slot 2's chain."""
    return records[place(records, seq)]


def place(records: list[Record], seq: int) -> int:
    slot = next(i for i, one in enumerate(records) if one["type"] == "slot" and one["slot"] == 2)
    return next(
        i
        for i in range(slot, len(records))
        if records[i]["type"] == "voucher" and records[i]["seq"] == seq
    )


def edit_amount(records: list[Record]) -> None:
    for entry in attacked(records)["entries"]:
        entry[6], entry[7] = entry[6] * 2, entry[7] * 2


def edit_account(records: list[Record]) -> None:
    attacked(records)["entries"][0][3] = "treasury_deposit"


def edit_reference(records: list[Record]) -> None:
    attacked(records)["references"] = {"bill": "another"}


def backdate(records: list[Record]) -> None:
    attacked(records)["book_date"] = "2021-07-01"


def backdate_entries_too(records: list[Record]) -> None:
    backdate(records)
    for entry in attacked(records)["entries"]:
        entry[5] = "2021-07-01"


def backdate_the_entries_alone(records: list[Record]) -> None:
    for entry in attacked(records)["entries"]:
        entry[5] = "2021-07-01"


def record_earlier(records: list[Record]) -> None:
    attacked(records)["recorded_at"] = "2021-07-01T00:00:00.000000Z"


def delete(records: list[Record]) -> None:
    del records[place(records, 3)]
    records[-1]["vouchers"] -= 1
    records[-1]["entries"] -= 2


def swap(records: list[Record]) -> None:
    a, b = place(records, 3), place(records, 4)
    records[a], records[b] = records[b], records[a]


def swap_and_renumber(records: list[Record]) -> None:
    swap(records)
    a, b = place(records, 3), place(records, 4)
    records[a]["seq"], records[b]["seq"] = records[b]["seq"], records[a]["seq"]


def repeat(records: list[Record]) -> None:
    records.insert(place(records, 3), dict(attacked(records)))


def take_out_entries(records: list[Record]) -> None:
    attacked(records)["entries"] = []


def spoil(records: list[Record]) -> None:
    del attacked(records)["owner"]


@pytest.mark.parametrize(
    "attack",
    [
        edit_amount,
        edit_account,
        edit_reference,
        backdate,
        backdate_entries_too,
        backdate_the_entries_alone,
        record_earlier,
        delete,
        swap,
        swap_and_renumber,
        repeat,
        take_out_entries,
        spoil,
    ],
)
def test_an_attack_on_the_file_is_found_and_its_voucher_named(
    lines: list[bytes], attack: Callable[[list[Record]], None]
) -> None:
    records = read(lines)
    attack(records)
    verdict = verify_lines(written(records))
    assert verdict.faults
    assert (
        verdict.first_broken in {"vch_2_3", "vch_2_4"}
        if attack is repeat
        else (verdict.first_broken == "vch_2_3")
    )


@pytest.mark.parametrize(
    "attack",
    [
        lambda records: records.pop(),
        lambda records: records.append({"type": "voucher"}),
        lambda records: records.pop(0),
        lambda records: next(r for r in records if r["type"] == "bucket")["bucket"].__setitem__(
            5, 1
        ),
        lambda records: records.remove(next(r for r in records if r["type"] == "bucket")),
        lambda records: next(r for r in records if r["type"] == "slot").update(seq=999),
        lambda records: next(r for r in records if r["type"] == "slot").update(hash="00" * 32),
        lambda records: next(r for r in records if r["type"] == "slot").update(algorithm="md5"),
        lambda records: next(r for r in records if r["type"] == "slot").update(closed_until=None),
        lambda records: next(r for r in records if r["type"] == "anchor").update(hash="11" * 32),
        lambda records: next(r for r in records if r["type"] == "closing").update(seq=0),
        lambda records: next(r for r in records if r["type"] == "closing").update(
            closed_until="2099-01-01"
        ),
        lambda records: records[-1].update(vouchers=1),
        lambda records: records[-1].update(strays=["an entry of nobody"]),
    ],
)
def test_what_surrounds_the_vouchers_is_proved_too(
    lines: list[bytes], attack: Callable[[list[Record]], None]
) -> None:
    records = read(lines)
    attack(records)
    assert verify_lines(written(records)).faults


def forge(records: list[Record]) -> None:
    """Change a voucher and seal everything after it anew, head, balances and all."""
    from services.ledger.chain.domain.sealed import sealed_of

    summary = attacked(records)["summary"] = "forged"
    assert summary
    slot, previous = {}, GENESIS
    for record in records:
        if record["type"] == "slot":
            slot, previous = record, GENESIS
        if record["type"] == "voucher":
            drafted = sealed_of(slot["slot"], record).draft
            previous = chain_hash(previous, drafted, record["seq"], record["recorded_at"])
            record["hash"] = slot["hash"] = previous.hex()
            record["body_hash"] = drafted.body_hash.hex()
    records[:] = [one for one in records if one["type"] not in {"anchor", "closing"}]
    for record in records:
        if record["type"] == "slot":
            record["closed_until"] = None


def test_a_forger_of_the_whole_chain_meets_the_anchors_that_were_kept(
    lines: list[bytes],
) -> None:
    records = read(lines)
    kept, slot = [], 0
    for record in records:
        slot = record["slot"] if record["type"] == "slot" else slot
        if record["type"] == "anchor":
            kept.append((slot, record["seq"], record["hash"]))
    assert verify_lines(lines, kept=kept).faults == ()
    forge(records)
    forged = written(records)
    assert verify_lines(forged).faults == (), "nothing inside the file can tell"
    verdict = verify_lines(forged, kept=kept)
    assert verdict.first_broken is not None
    assert verdict.first_broken.startswith("vch_2_")
    cut = [one for one in records if one["type"] != "voucher"]
    assert any("which is gone" in fault for fault in verify_lines(written(cut), kept=kept).faults)
    assert verify_lines(lines, kept=[(9, 1, "00")]).faults


def test_a_voucher_slipped_into_a_closed_day_is_found_even_when_sealed(lines: list[bytes]) -> None:
    """The closing says up to which voucher the day was open; a later one is not of that day."""
    records = read(lines)
    for record in records:
        if record["type"] == "closing":
            record["closed_until"] = clock.today().isoformat()
        if record["type"] == "slot":
            record["closed_until"] = clock.today().isoformat()
    faults = verify_lines(written(records)).faults
    assert faults
    assert all("which was closed" in fault for fault in faults)


async def test_anchors_are_written_once_a_day_and_slot_and_never_change(
    ledger: Ledger, admin: asyncpg.Connection[Any]
) -> None:
    day = anchor_flow.last_ended()
    await ledger.post("/v1/vouchers", receipt())
    await asyncio.gather(*[anchor_flow.publish(ledger.books, day) for _ in range(3)])
    path = "/v1/chain/anchors"
    first = (await ledger.get(path, day=day.isoformat())).json()
    heads = (await ledger.get("/v1/chain")).json()["items"]
    assert [(one["seq"], one["hash"]) for one in first["items"]] == [
        (head["seq"], head["hash"]) for head in heads
    ]
    await ledger.post("/v1/vouchers", receipt())
    await anchor_flow.publish(ledger.books, day)
    assert (await ledger.get(path)).json() == first, (
        "yesterday is what is told when no day is asked"
    )
    assert (await ledger.get(path, day=clock.today().isoformat())).json()["items"] == []
    await admin.execute("SET session_replication_role = 'replica'")
    await admin.execute("UPDATE chain_anchor SET day = day - 3")
    await admin.execute("SET session_replication_role = 'origin'")
    await anchor_flow.publish(ledger.books, day)
    for back in range(4):
        anchors = (await ledger.get(path, day=(day - timedelta(days=back)).isoformat())).json()
        assert len(anchors["items"]) == 4, "days that no ledger saw the end of are filled in"
    with pytest.raises(AssertionError):
        await anchor_flow.publish(ledger.books, clock.today())


async def test_chains_of_sm3_hold_and_the_choice_is_for_life(
    server_url: str, template: str
) -> None:
    async with database_on(server_url, template) as url:
        db = Database(url, "ledger")
        books = Books(db, slots=2, queue_limit=100, algorithm="sm3")
        if not is_hash_supported("sm3"):  # an OpenSSL without it: a clear refusal is right
            with pytest.raises(WrongHash, match="WUXIAN_LEDGER_HASH=sha256"):
                await books.open()
            await db.close()
            return
        await books.post([receipt_draft(5, owner=f"UNIT-{i}", slot=i % 2) for i in range(9)])
        lines = await exported(books)
        assert verify_lines(lines).faults == ()
        as_sha = [line.replace(b'"sm3"', b'"sha256"') for line in lines]
        assert verify_lines(as_sha).faults
        await books.close()
        with pytest.raises(WrongHash, match="for the life"):
            await Books(db, slots=2, queue_limit=100).open()
        async with frozen(db) as tx:
            assert (await verify(tx)).faults == ()
        await db.close()


async def test_a_hash_function_that_is_not_there_is_a_clear_refusal(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.ledger.posting.flows.books.is_hash_supported", lambda _: False)
    with pytest.raises(WrongHash, match="WUXIAN_LEDGER_HASH=sha256"):
        await Books(ledger.books.db, slots=4, queue_limit=1, algorithm="sm3").open()


async def test_the_command_line_exports_and_verifies(ledger: Ledger, tmp_path: Path) -> None:
    await ledger.post("/v1/vouchers", receipt())

    async def wuxian(*words: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.cli",
            "ledger",
            *words,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        output, complained = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output.decode() or complained.decode()

    file = str(tmp_path / "books.ndjson.gz")
    assert (await wuxian("export", file, "--database-url", ledger.url))[0] == 0
    verdicts = []
    for source in (["--export", file], ["--database-url", ledger.url]):
        code, output = await wuxian("verify", *source, "--json")
        assert code == 0, output
        verdicts.append(json.loads(output))
    assert verdicts[0] == verdicts[1]
    assert verdicts[0]["verified"]
    plain = tmp_path / "bad.ndjson"
    plain.write_bytes(b'{"type":"header"}\nnonsense\n')
    code, output = await wuxian("verify", "--export", str(plain))
    assert code == 1
    assert "BROKEN" in output


def test_the_manual_of_result_codes_is_written_from_the_code() -> None:
    committed = (ROOT / "docs/ledger-codes.md").read_text()
    assert committed == markdown(), "run: wuxian ledger codes > docs/ledger-codes.md"
