"""Channels sockets. They only speak: commands are HTTP requests, and no consumer writes a row."""
