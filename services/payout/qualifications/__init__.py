"""退休审批 · Applications for retirement: checks, four steps by four people, notices and postings"""
