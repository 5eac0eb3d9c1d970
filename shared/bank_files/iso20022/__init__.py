"""ISO 20022 messages: orders out, acknowledgements, notifications and statements in."""
