"""个人账户支付与转出 · Personal accounts paid out or transferred to another city"""
