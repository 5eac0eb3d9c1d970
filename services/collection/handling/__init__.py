"""受理、复核、汇总与审核 · Acceptance, review, summaries and audit of declarations"""
