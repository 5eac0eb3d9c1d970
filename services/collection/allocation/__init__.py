"""分账 · Allocation of received money to bills"""
