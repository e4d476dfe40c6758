"""What happened, told to whoever watches: numbered in SQL, rung through Channels."""
