"""通知与证明 · Printed notices and certificates"""
