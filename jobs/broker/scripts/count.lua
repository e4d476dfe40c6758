-- Counts a queue's jobs. KEYS: the queue. ARGV: length of a lease (ms), the most running jobs to look at.
-- Answers how many are ready (or due, and promoted by the next claim), deferred, and running. A leased job is due again
-- within the length of a lease, as a deferred one may be: those few are told apart by their leases.
local ready = redis.call('ZCOUNT', KEYS[1], '-inf', now)
local soon = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, now + ARGV[1] + 1, 'LIMIT', 0, ARGV[2])
local running = 0
for _, id in ipairs(soon) do
  running = running + redis.call('EXISTS', IN_PROGRESS .. id)
end
return { ready, redis.call('ZCARD', KEYS[1]) - ready - running, running }
