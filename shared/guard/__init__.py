"""The guard of a service: connections, tokens, rates and sizes, before a body is read."""
