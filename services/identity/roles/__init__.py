"""角色 · Rights of roles, changed by two people"""
