"""结账 · Closing of days, months and years"""
