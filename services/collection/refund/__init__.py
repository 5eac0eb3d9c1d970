"""退费 · Refunds: money given back, reserved from the request on, paid by the ledger"""
