"""Events of a service, and their delivery to the addresses that clients registered (Standard Webhooks)."""
