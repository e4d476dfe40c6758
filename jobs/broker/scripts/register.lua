-- Says that a worker lives. KEYS: the sorted set of workers by their last word, the worker's own key.
-- ARGV: its id, what it says of itself, for how long it counts as alive from now on (ms).
local alive = tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - alive)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], alive)
redis.call('SET', KEYS[2], ARGV[2], 'PX', alive)
