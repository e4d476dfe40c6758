-- Makes jobs of one queue known, or known again after an attempt.
-- KEYS: the queue, its wake list.
-- ARGV: per job its id, the token of the lease to give back ('' for none), due, priority, envelope. Due is Unix time in
-- ms, 0 for now, or negative for so many ms from now.
-- A job that somebody else holds a lease on is left alone.
local woken = 0
for i = 1, #ARGV, 5 do
  local id, token, due, priority = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local holder = redis.call('GET', IN_PROGRESS .. id)
  if due < 0 then
    due = now - due
  end
  if not holder or holder == token then
    redis.call('SET', JOB .. id, ARGV[i + 4])
    redis.call('DEL', IN_PROGRESS .. id)
    if due > now then
      redis.call('ZADD', KEYS[1], due, id)
    else
      redis.call('ZADD', KEYS[1], ready_score(due > 0 and due or now, priority), id)
    end
    woken = woken + 1
  end
end
-- One token wakes one idle worker, also for a deferred job: it must learn until when to sleep.
for _ = 1, math.min(woken, 16) do
  redis.call('LPUSH', KEYS[2], '1')
end
redis.call('LTRIM', KEYS[2], 0, 63)
redis.call('PEXPIRE', KEYS[2], 60000)
