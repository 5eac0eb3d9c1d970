"""Backup and restore: one consistent dump of all schemas with the keys, encrypted, at several sites."""
