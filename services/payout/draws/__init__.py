"""养老金从个人账户支付 · Pensions paid out of personal accounts"""
