"""人员与客户端 · People and clients: role, district, units, state"""
