"""数据质量 · Checks of data quality"""
