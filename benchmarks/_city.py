"""A made-up city: units, people with valid numbers, wages, and each district's declaration file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta

import asyncpg
import numpy as np
from numpy.typing import NDArray

from services.collection.common.store.binary import SIGNATURE, TRAILER, Frame
from services.collection.common.store.shipped import districts_of, packs
from services.collection.register.domain.person_columns import ids_of_persons
from shared.cn import credit_code
from shared.ids import unit_key
from shared.security.personal_data import AccountCipher

Ints = NDArray[np.int64]
SEED = 20_210_712
_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], np.int64)
_CHECKS = np.frombuffer(b"10X98765432", np.uint8)
_COPY_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class District:
    """One district's file, and its control totals."""

    code: str
    people: int
    wages_fen: int
    file: bytes


@dataclass(frozen=True, slots=True)
class City:
    """Units in the order of their districts; people unit by unit."""

    codes: list[str]
    unit_district: list[str]
    unit_class: Ints
    staff: Ints
    numbers: NDArray[np.bytes_]
    wage_fen: Ints
    districts: list[District]
    due_fen: int

    @property
    def people(self) -> int:
        """How many people."""
        return len(self.numbers)

    @property
    def units(self) -> int:
        """How many units."""
        return len(self.codes)

    @property
    def wages_fen(self) -> int:
        """All wages together."""
        return int(self.wage_fen.sum())


def a_city(people: int, units: int) -> City:
    """The city of this size; the same one every time."""
    random = np.random.default_rng(SEED)
    codes = [credit_code.with_check_character(f"91120101MA{n:07d}") for n in range(units)]
    districts = sorted(districts_of("tianjin"))
    of_unit = [districts[n * len(districts) // units] for n in range(units)]
    weights = random.pareto(1.2, units) + 0.1
    staff = 1 + np.floor(weights / weights.sum() * (people - units)).astype(np.int64)
    staff[0] += people - int(staff.sum())
    classes = 1 + random.integers(0, 8, units)
    wages = np.minimum(2_000_00 + (random.pareto(2.0, people) * 4_000_00).astype(np.int64), 10**8)
    numbers = identity_numbers(people)
    return City(
        codes,
        of_unit,
        classes,
        staff,
        numbers,
        wages,
        _files(codes, of_unit, staff, numbers, wages),
        _due(np.repeat(classes, staff), wages),
    )


def identity_numbers(count: int) -> NDArray[np.bytes_]:
    """Valid numbers, none twice: a thousand for each day of birth."""
    days = [f"{date(1960, 1, 1) + timedelta(n):%Y%m%d}".encode() for n in range(-(-count // 1000))]
    digits = np.empty((count, 18), np.uint8)
    digits[:, :6] = np.frombuffer(b"120101", np.uint8)
    births = np.frombuffer(b"".join(days), np.uint8).reshape(-1, 8)
    digits[:, 6:14] = np.repeat(births, 1000, axis=0)[:count]
    order = np.arange(count) % 1000
    for place, unit in enumerate((100, 10, 1)):
        digits[:, 14 + place] = order // unit % 10 + ord("0")
    sums = (digits[:, :17].astype(np.int64) - ord("0")) @ _WEIGHTS
    digits[:, 17] = _CHECKS[sums % 11]
    return digits.reshape(-1).view("S18")


def _files(
    codes: list[str],
    of_unit: list[str],
    staff: Ints,
    numbers: NDArray[np.bytes_],
    wages: Ints,
) -> list[District]:
    ends = np.cumsum(staff).tolist()
    found = []
    for code in dict.fromkeys(of_unit):
        mine = [n for n, district in enumerate(of_unit) if district == code]
        first, last = ends[mine[0]] - int(staff[mine[0]]), ends[mine[-1]]
        lines = ["credit_code,identity_number,wage"]
        for unit in mine:
            for row in range(ends[unit] - int(staff[unit]), ends[unit]):
                fen = int(wages[row])
                lines.append(f"{codes[unit]},{numbers[row].decode()},{fen // 100}.{fen % 100:02d}")
        text = "\n".join([*lines, ""])
        found.append(District(code, last - first, int(wages[first:last].sum()), text.encode()))
    return found


def _due(injury_class: Ints, wages: Ints) -> int:
    """Compute the city's dues under tianjin-2021 here, from the pack's own figures."""
    pack = next(pack for pack in packs() if pack["pack"] == "tianjin-2021")
    limits = {row["insurance"]: row for row in pack["limits"]}
    due = 0
    for rate in pack["rates"]:
        limit = limits.get(rate["insurance"], limits.get("*"))
        assert rate["base"] == "own"
        assert limit is not None
        floor, ceiling = (int(str(limit[side]).replace(".", "")) for side in ("floor", "ceiling"))
        base = np.clip(wages, floor, ceiling)
        whole, part = rate["rate"].split(".")
        ppm = int(whole) * 1_000_000 + int(part.ljust(6, "0"))
        of = slice(None) if rate["injury_class"] is None else injury_class == rate["injury_class"]
        due += int(((base[of] * ppm + 500_000) // 1_000_000).sum())
    return due


async def register(
    url: str,
    city: City,
    pepper: bytes,
    accounts: AccountCipher,
    collectors: tuple[str, ...] = ("bank_debit", "tax"),
) -> None:
    """Load units and enrolments by COPY, as they stand in a register that has been in use.

    Units take turns at the collectors. Accounts are sealed, and the tables are vacuumed: else both
    would be done in the time of what is measured afterwards. Sealed names and numbers of persons
    are left out: nothing here reads them.
    """
    connection = await asyncpg.connect(url, server_settings={"search_path": "collection"})
    account = {"bank": "中国工商银行", "number": "0302000000000001234", "name": "某单位"}
    bank = json.dumps(accounts.sealed(account))
    try:
        await connection.copy_records_to_table(
            "unit",
            columns=[
                "unit_id",
                "credit_code",
                "name",
                "kind",
                "district",
                "injury_class",
                "collector",
                "bank",
            ],
            records=[
                (
                    unit_key(code),
                    code,
                    f"天津第{number}有限公司",
                    "enterprise",
                    city.unit_district[number],
                    int(city.unit_class[number]),
                    collectors[number % len(collectors)],
                    bank,
                )
                for number, code in enumerate(city.codes)
            ],
        )
        await _enrol(connection, city, pepper)
        await connection.execute("VACUUM (ANALYZE) unit")
        await connection.execute("VACUUM (ANALYZE) enrolment")
    finally:
        await connection.close()


async def _enrol(connection: asyncpg.Connection, city: City, pepper: bytes) -> None:
    keys = np.repeat(np.array([unit_key(code) for code in city.codes], np.int64), city.staff)
    order = np.argsort(keys, kind="stable")
    joined = np.int64((date(2020, 1, 1) - date(2000, 1, 1)).days)
    for begin in range(0, city.people, _COPY_ROWS):
        part = order[begin : begin + _COPY_ROWS]
        ids = ids_of_persons(city.numbers[part].tolist(), pepper)
        uuids = np.random.default_rng(begin).integers(0, 256, (len(part), 16), np.uint8)
        frame = Frame(len(part), 6).int8(keys[part]).int8(ids)
        frame.int4(np.full(len(part), joined)).uuids(uuids).text("1201**********0000").text("张*")

        async def pieces(rows: bytes = frame.matrix().tobytes()):  # type: ignore[no-untyped-def]
            yield SIGNATURE + rows + TRAILER

        await connection.copy_to_table(
            "enrolment",
            source=pieces(),
            format="binary",
            columns=[
                "unit_id",
                "person_id",
                "joined_on",
                "person_uuid",
                "masked_number",
                "masked_name",
            ],
        )
