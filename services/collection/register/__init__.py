"""登记 · Units, insured people and their changes"""
