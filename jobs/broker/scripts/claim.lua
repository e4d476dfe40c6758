-- Hands over up to `slots` ready jobs of one queue, each under a lease.
-- KEYS: the queue, the counter of claims. ARGV: worker id, slots, length of a lease (ms).
-- Answers: ms until the next job is due (-1: none waits), then id and token of each claimed job.
local worker, slots, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

-- The envelope may be another client's, in any form: what it lacks is 0.
local function priority_in(envelope)
  local readable, fields = pcall(cjson.decode, envelope or '')
  return readable and type(fields) == 'table' and tonumber(fields['p']) or 0
end

-- Promote what has become due: deferred jobs, lost leases, jobs of a stock arq client.
local due = redis.call('ZRANGEBYSCORE', KEYS[1], 0, now, 'WITHSCORES', 'LIMIT', 0, slots + 100)
for i = 1, #due, 2 do
  local priority = priority_in(redis.call('GET', JOB .. due[i]))
  redis.call('ZADD', KEYS[1], ready_score(tonumber(due[i + 1]), priority), due[i])
end

local claimed = {}
local ready = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(0', 'LIMIT', 0, slots)
local number = redis.call('INCRBY', KEYS[2], #ready) - #ready
for _, id in ipairs(ready) do
  number = number + 1
  local token = worker .. ':' .. string.format('%.0f', number)
  -- NX: a stock arq worker on the same queue may hold it; then look again when its hold has ended.
  if redis.call('SET', IN_PROGRESS .. id, token, 'NX', 'PX', lease) then
    claimed[#claimed + 1] = id
    claimed[#claimed + 1] = token
  end
  redis.call('ZADD', KEYS[1], after_lease(id), id)
end

local next = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local pause = next[2] and math.max(0, tonumber(next[2]) - now) or -1
table.insert(claimed, 1, pause)
return claimed
