"""基本养老金调整 · Mass raises of pensions, and what they need to know of people"""
