"""工作日 · Workdays of a year by its notice, corrected by two people"""
