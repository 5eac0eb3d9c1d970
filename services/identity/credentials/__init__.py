"""凭据 · Passwords, second factors, client secrets and client keys"""
