"""HTTP message signatures (RFC 9421) with content digests (RFC 9530), and signatures of files."""
