"""报表 · Balances, ledgers, statements, the dashboard and warnings"""
