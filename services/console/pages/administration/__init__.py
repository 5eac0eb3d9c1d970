"""系统管理 · People, clients, roles, keys"""
