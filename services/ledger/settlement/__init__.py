"""上下级结算与调剂 · Settlements between the centre and the districts; budgets"""
