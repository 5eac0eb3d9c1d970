"""待核账户支付 · Marks of months whose draw on the personal account is to be looked at"""
