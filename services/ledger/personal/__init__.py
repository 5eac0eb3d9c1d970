"""个人账户 · Personal accounts: credits, interest and statements"""
