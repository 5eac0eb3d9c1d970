"""个人账户合并 · Mergers of personal accounts: two records of one person become one account"""
