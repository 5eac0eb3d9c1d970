"""会话 · Sign-in of people by password and second factor; sessions"""
