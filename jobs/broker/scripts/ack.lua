-- Forgets jobs that have ended in the store. KEYS: the queue.
-- ARGV: how long to keep a result (ms), then per job its id, the lease's token, and the result in arq's form or ''.
-- A job that somebody else holds a lease on is left alone.
local keep, has_requests = tonumber(ARGV[1]), redis.call('EXISTS', ABORT) == 1
for i = 2, #ARGV, 3 do
  local id, token, result = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local holder = redis.call('GET', IN_PROGRESS .. id)
  if not holder or holder == token then
    redis.call('DEL', IN_PROGRESS .. id, JOB .. id, RETRY .. id)
    redis.call('ZREM', KEYS[1], id)
    if has_requests then
      redis.call('ZREM', ABORT, id)
    end
    if result ~= '' then
      redis.call('SET', RESULT .. id, result, 'PX', keep)
    end
  end
end
