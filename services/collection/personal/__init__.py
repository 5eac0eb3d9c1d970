"""个人缴费到账 · Paid contributions of each person"""
