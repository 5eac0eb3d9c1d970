"""The client package against the OpenAPI files: what it offers exists, with these parameters."""

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import jsonschema_rs
import pytest

from tests.examples import complete
from wuxian_client import collection, events, files, ledger, payout, webhooks
from wuxian_client.call import OPERATIONS, Call, Operation, Pages
from wuxian_client.codec import decode, encode

ROOT = Path(__file__).parents[2]
DAY = date(2021, 7, 20)
CODE = "911201167128863425"


@cache
def document(service: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / f"openapi/{service}.json").read_text("utf-8"))
    return found


def described(one: Operation) -> dict[str, Any]:
    found: dict[str, Any] = document(one.service)["paths"][one.path][one.method.lower()]
    return found


def calls() -> Iterator[tuple[Call[Any], Any]]:
    """One call of every operation, with the type of its answer."""
    line = collection.TaxLine("T-1", CODE, "2021-07", Decimal("12.30"), DAY)
    debited = collection.DebitResult(1, "refused", "B-1", Decimal("1.00"), DAY, "E01", "余额不足")
    paid = payout.PaymentResult(1, "paid", "B-1", Decimal("1.00"), DAY)
    types = {
        "collection": "bill.issued",
        "ledger": "period.closed",
        "payout": "payment_batch.ready",
    }
    made: list[Call[Any] | Pages[Any]] = [
        collection.push_tax("P-1", DAY, [line], "heping_tax"),
        collection.list_bills(credit_code=CODE, period="2021-07", status="open", limit=10),
        collection.get_bill("bil_x"),
        collection.list_debit_batches(status="created", period="2021-07", limit=10),
        collection.get_debit_batch("dbt_x"),
        collection.list_debit_lines("dbt_x", limit=10),
        collection.report_debit_results("dbt_x", [debited], "icbc"),
        files.push_tax_file(
            b"x",
            push_no="F-1",
            collected_on=DAY,
            count=1,
            total=Decimal("12.3"),
            authority="heping_tax",
        ),
        files.get_tax_push_file("F-1", "heping_tax"),
        files.take_bank_statement(
            b"x",
            account="treasury_deposit",
            first=DAY,
            last=DAY,
            opening=Decimal(0),
            closing=Decimal("12.3"),
        ),
        files.report_debit_file(b"x", bank="icbc", format="iso20022", signature="AAAA"),
        payout.list_payment_batches(status="ready", fund="pension", limit=10),
        payout.list_payment_lines("pay_x", limit=10),
        payout.report_payment_results("pay_x", [paid]),
        ledger.fund_balances(DAY, "heping"),
        ledger.collection_measures(DAY, DAY, "heping"),
        ledger.fund_warnings(DAY),
        events.read("collection", 5, limit=10, wait=1),
        events.read("payout", 5, limit=10, wait=1),
    ]
    for service, kind in types.items():
        whe = "whe_x"
        made += [
            webhooks.register(service, "https://hooks.example.cn/", [kind]),  # type: ignore[arg-type]
            webhooks.list_endpoints(service, limit=10),  # type: ignore[arg-type]
            webhooks.rotate(service, whe),  # type: ignore[arg-type]
            webhooks.set_state(service, whe, is_active=True),  # type: ignore[arg-type]
            webhooks.deliveries(service, whe, limit=10),  # type: ignore[arg-type]
            webhooks.redeliver(service, whe, after_seq=0),  # type: ignore[arg-type]
        ]
    for one in made:
        yield (one.after("c"), one.item) if isinstance(one, Pages) else (one, one.answer)


CALLS = list(calls())


def test_every_operation_of_the_package_is_called_here() -> None:
    assert {call.operation for call, _ in CALLS} == set(OPERATIONS)


@pytest.mark.parametrize(
    "one", OPERATIONS, ids=lambda one: f"{one.service}.{one.name}" if one else ""
)
def test_an_operation_exists_with_these_parameters(one: Operation) -> None:
    operation = described(one)
    assert operation["operationId"] == one.name
    known = {(row["name"], row["in"]) for row in operation.get("parameters", [])}
    assert {(name, "query") for name in one.query} <= known
    required = {
        row["name"]
        for row in operation.get("parameters", [])
        if row.get("required") and row["in"] == "query"
    }
    assert required <= set(one.query)


@pytest.mark.parametrize(
    ("call", "answer"), CALLS, ids=[f"{c.operation.service}.{c.operation.name}" for c, _ in CALLS]
)
def test_a_call_fits_the_schemas(call: Call[Any], answer: Any) -> None:
    operation = described(call.operation)
    root = document(call.operation.service)
    assert set(call.query) <= set(call.operation.query)
    assert "{" not in call.target
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if call.file is not None:
        assert call.file.media_type in operation["requestBody"]["content"]
    assert call.file is not None or (content is None) == (call.body is None)
    if content is not None and call.file is None:
        schema = complete(root, content["schema"])
        body = json.loads(json.dumps(encode(call.body)))
        assert not list(jsonschema_rs.validator_for(schema).iter_errors(body))
    status = next(one for one in ("200", "201", "202") if one in operation["responses"])
    shown = operation["responses"][status]["content"]["application/json"]
    example = shown["example"]
    found = [decode(answer, one) for one in example["items"]] if call.answer is Any else []
    found = found or [decode(answer, example)] if call.answer is not Any else found
    assert call.answer is Any or is_dataclass(found[0])
    fits(root, shown["schema"], answer, is_page=call.answer is Any)


def fits(root: dict[str, Any], schema: dict[str, Any], kind: Any, *, is_page: bool = False) -> None:
    """Every member of a dataclass is a member of its schema that every answer has."""
    described_as = resolved(root, schema)
    if is_page:
        described_as = resolved(root, described_as["properties"]["items"]["items"])
    members, required = described_as["properties"], set(described_as.get("required", []))
    hints = get_type_hints(kind)
    for one in fields(kind):
        assert one.name in members, f"{kind.__name__}.{one.name}"
        assert one.name in required, f"{kind.__name__}.{one.name} may be missing"
        inner, inner_schema = hints[one.name], members[one.name]
        if get_origin(inner) is list:
            inner, inner_schema = get_args(inner)[0], resolved(root, inner_schema).get("items", {})
        if is_dataclass(inner):
            fits(root, inner_schema, inner)
        if inner is Decimal:
            assert resolved(root, inner_schema)["type"] == "string"


def resolved(root: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = root["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def test_money_is_never_rounded_and_never_a_number() -> None:
    assert encode(Decimal("1234567890123.45")) == "1234567890123.45"
    assert encode(Decimal(7)) == "7.00"
    for wrong in ("0.001", "NaN", "Infinity"):
        with pytest.raises(ValueError, match="fen"):
            encode(Decimal(wrong))
    with pytest.raises(TypeError):
        decode(Decimal, 1.5)
