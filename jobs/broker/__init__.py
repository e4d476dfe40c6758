"""The only owner of Redis. It holds ids, due times and leases; SQL holds the truth."""
