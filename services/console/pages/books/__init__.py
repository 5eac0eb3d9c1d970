"""账务 · Balances, ledgers, statements, vouchers, the chain, rules of the books"""
