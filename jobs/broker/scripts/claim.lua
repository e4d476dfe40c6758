-- Hands over ready jobs of several queues, each under a lease.
-- KEYS: the counter of claims, the set of paused queues, then the queues in the order of their turn.
-- ARGV: worker id, length of a lease (ms), slots, then per queue its share of the slots and the most it may have.
-- What one queue leaves of its share goes to the others.
-- Answers: ms until a queue that may have more has a job (-1: none waits), whether one has more than it may have, then
-- number of the queue, id and token of each claimed job.
local worker, lease, left = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local claimed, queues = { 0, 0 }, {}

-- The envelope may be another client's, in any form: what it lacks is 0.
local function priority_in(envelope)
  local readable, fields = pcall(cjson.decode, envelope or '')
  return readable and type(fields) == 'table' and tonumber(fields['p']) or 0
end

-- Deferred jobs, lost leases and jobs of a stock arq client become ready when they are due.
local function promote(queue)
  local due = redis.call('ZRANGEBYSCORE', queue, 0, now, 'WITHSCORES', 'LIMIT', 0, left + 100)
  for i = 1, #due, 2 do
    local priority = priority_in(redis.call('GET', JOB .. due[i]))
    redis.call('ZADD', queue, ready_score(tonumber(due[i + 1]), priority), due[i])
  end
end

local function take(queue, slots)
  slots = math.min(slots, queue.most, left)
  if slots <= 0 then
    return
  end
  local ready = redis.call('ZRANGEBYSCORE', queue.key, '-inf', '(0', 'LIMIT', 0, slots)
  local number = redis.call('INCRBY', KEYS[1], #ready) - #ready
  for _, id in ipairs(ready) do
    number = number + 1
    local token = worker .. ':' .. string.format('%.0f', number)
    -- NX: a stock arq worker on the same queue may hold it; then look again when its hold has ended.
    if redis.call('SET', IN_PROGRESS .. id, token, 'NX', 'PX', lease) then
      left, queue.most = left - 1, queue.most - 1
      for _, part in ipairs({ queue.number, id, token }) do
        claimed[#claimed + 1] = part
      end
    end
    redis.call('ZADD', queue.key, after_lease(id), id)
  end
end

for i = 3, #KEYS do
  if redis.call('SISMEMBER', KEYS[2], KEYS[i]) == 0 then
    local share, most = tonumber(ARGV[2 * i - 2]), tonumber(ARGV[2 * i - 1])
    queues[#queues + 1] = { number = i - 3, key = KEYS[i], share = share, most = most }
    promote(KEYS[i])
  end
end
for _, queue in ipairs(queues) do
  take(queue, queue.share)
end
for _, queue in ipairs(queues) do
  take(queue, left)
end

local pause, is_capped = -1, 0
for _, queue in ipairs(queues) do
  local first = redis.call('ZRANGE', queue.key, 0, 0, 'WITHSCORES')[2]
  local wait = first and math.max(0, tonumber(first) - now)
  if wait == 0 and queue.most == 0 then
    is_capped = 1
  elseif wait and (pause < 0 or wait < pause) then
    pause = wait
  end
end
claimed[1], claimed[2] = pause, is_capped
return claimed
