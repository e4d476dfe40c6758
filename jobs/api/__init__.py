"""The HTTP API: one router a noun, every error a problem (RFC 9457)."""
