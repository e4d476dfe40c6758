"""Whoever watches jobs hears of every event, in order, whatever breaks: sockets, SSE, long polls and Python alike."""
