"""个人账户支取 · What claims take from personal accounts"""
