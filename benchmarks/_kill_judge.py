"""A judge of what kills left: nothing acknowledged is lost or doubled, and books equal business."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from benchmarks._months import Months
from services.embedded.guard import python_command
from shared.money import parse_yuan


class Judge:
    """Compares an installation that nobody kills any more with what its senders were told."""

    def __init__(self, months: Months) -> None:
        self.months, self.at, self.told = months, months.at, months.told
        self._repeated = 0
        self.repeats = 0

    def faults(self) -> list[str]:
        """Find what was lost, doubled or does not agree; wait first until nothing is under way."""
        found: list[str] = []
        try:
            self.months.portal.quiet()
            self.months.centre.check_books()
        except AssertionError as error:
            found.append(f"books and business: {error}"[:2000])
        found += self.receipt_faults()
        found += self.declaration_faults()
        found += self.payment_faults()
        found += self.closing_faults()
        found += self._repeats()
        found += self._verify()
        return found

    def receipt_faults(self) -> Iterator[str]:
        """Find receipts that are doubled, lost or of another amount."""
        receipts = self.months.portal.receipts()
        seen = Counter(one["serial"] for one in receipts)
        amounts = {one["serial"]: parse_yuan(one["amount"]) for one in receipts}
        yield from (f"receipt {one} is doubled" for one, times in seen.items() if times > 1)
        known = self.told.receipts | self.told.unanswered
        for serial, fen in amounts.items():
            if known.get(serial) != fen:
                yield f"receipt {serial} of {fen} fen is not what was sent: {known.get(serial)}"
        lost = self.told.receipts.keys() - amounts.keys()
        yield from (f"receipt {serial} was acknowledged and is lost" for serial in lost)

    def declaration_faults(self) -> Iterator[str]:
        """Find declarations that are lost, or months that are declared twice."""
        found = list(self.at.pages("supervisor", "collection", "/v1/declarations", kind="monthly"))
        ids = Counter(str(one["id"]) for one in found)
        yield from (
            f"declaration {one} was acknowledged and is lost"
            for one in self.told.declarations - ids.keys()
        )
        months = Counter(
            (one["credit_code"], one["period"])
            for one in found
            if str(one["id"]) in self.told.declarations
        )
        yield from (f"{one} is declared {n} times" for one, n in months.items() if n > 1)
        yield from (f"{one} was declared and is lost" for one in self.told.declared - months.keys())

    def payment_faults(self) -> Iterator[str]:
        """Find payment batches that are doubled or lost, and lines of another outcome."""
        batches = {
            str(one["id"]) for one in self.at.pages("supervisor", "payout", "/v1/payment-batches")
        }
        told = {batch for batch, _ in self.told.payments}
        yield from (f"payment batch {one} is doubled or lost" for one in batches ^ told)
        for batch in sorted(batches & told):
            path = f"/v1/payment-batches/{batch}/lines"
            for line in self.at.pages("supervisor", "payout", path):
                expected = self.told.payments.get((batch, line["line"]))
                if line["status"] != expected:
                    yield f"{batch} line {line['line']} is {line['status']}, not {expected}"

    def closing_faults(self) -> Iterator[str]:
        """Find months that are not closed exactly once."""
        found = Counter(
            one["period"]
            for one in self.at.pages("supervisor", "ledger", "/v1/closings")
            if one["level"] == "month" and one["approved_by"]
        )
        if found != Counter(self.told.closed):
            yield f"closings: {found}, not {self.told.closed}"

    def _repeats(self) -> Iterator[str]:
        """Repeat every acknowledged request since the last time: each has its first answer."""
        letters = self.at.letters[self._repeated :]
        self._repeated += len(letters)
        with ThreadPoolExecutor(4) as pool:
            for letter, is_same in zip(
                letters, pool.map(self.at.is_repeated, letters), strict=True
            ):
                self.repeats += 1
                if not is_same:
                    yield f"{letter.path} {letter.key} repeated has another answer"

    def _verify(self) -> Iterator[str]:
        said = subprocess.run(
            python_command("services.cli", "verify", "--json"),
            env=self.at.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if said.returncode != 0 or not json.loads(said.stdout)["ok"]:
            yield f"wuxian verify: {said.stdout[-2000:]}{said.stderr[-1000:]}"
