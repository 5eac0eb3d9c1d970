"""Explanation of a late fee or interest: rules, days, product, rounding and cap. Pure."""

from __future__ import annotations

from typing import Any

from services.collection.policy.domain.charge import ROUNDING, Accrual, product_text
from shared.money import format_rate, format_yuan


def explained(accrual: Accrual) -> dict[str, Any]:
    """Explain an accrual: one piece for each range of days under one rule."""
    return {
        "kind": accrual.kind.value,
        "principal": format_yuan(accrual.principal_fen),
        "days": accrual.days,
        "pieces": [
            {
                "rule": piece.rule,
                "source": piece.source,
                "first": piece.first.isoformat(),
                "last": piece.last.isoformat(),
                "days": piece.days,
                "rate": format_rate(piece.rate_ppm),
                "per_days": piece.per_days,
                "product": product_text(piece.parts),
                "cap": piece.cap,
            }
            for piece in accrual.pieces
        ],
        "product": product_text(accrual.parts),
        "rounding": {"unit": format_yuan(ROUNDING.unit_fen), "mode": ROUNDING.mode.value},
        "cap": accrual.cap,
        "amount": format_yuan(accrual.amount_fen),
    }
