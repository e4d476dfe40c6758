-- Hands over ready jobs of several queues, each under a lease.
-- KEYS: the set of paused queues, then the queues in the order of their turn.
-- ARGV: "<worker id>:<number of this claim>", length of a lease (ms), slots, then per queue its share of the slots and
-- the most it may have. What a queue leaves of its share goes to the others.
-- Answers: ms until a queue that may have more has a job (-1: none waits), whether one has more than it may have, then
-- number of the queue, id and token of each claimed job.
-- An idle worker asks twice a second: that costs one command if all queues are empty, else one a queue with nothing due.
local name, lease, left = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local claimed, queues, pause, is_capped = { 0, 0 }, {}, -1, 0

local function wait_of(key)
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
  return first and math.max(0, tonumber(first) - now)
end

local function sleep_at_most(wait)
  if wait and (pause < 0 or wait < pause) then
    pause = wait
  end
end

-- The envelope may be another client's, in any form: what it lacks is 0. A score of NaN would end every claim.
local function priority_in(envelope)
  local readable, fields = pcall(cjson.decode, envelope or '')
  local priority = readable and type(fields) == 'table' and tonumber(fields['p'])
  if not priority or priority ~= priority then
    return 0
  end
  return math.max(-100, math.min(100, priority))
end

-- Deferred jobs, lost leases and jobs of a stock arq client become ready when they are due.
local function promote(key)
  local due = redis.call('ZRANGEBYSCORE', key, 0, now, 'WITHSCORES', 'LIMIT', 0, left + 100)
  for i = 1, #due, 2 do
    local priority = priority_in(redis.call('GET', JOB .. due[i]))
    redis.call('ZADD', key, ready_score(tonumber(due[i + 1]), priority), due[i])
  end
end

local function take(queue, slots)
  slots = math.min(slots, queue.most, left)
  if slots <= 0 then
    return
  end
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', queue.key, '-inf', '(0', 'LIMIT', 0, slots)) do
    local token = name .. '.' .. #claimed
    -- NX: a stock arq worker on the same queue may hold it; then look again when its hold has ended.
    if redis.call('SET', IN_PROGRESS .. id, token, 'NX', 'PX', lease) then
      redis.call('ZADD', queue.key, now + lease + 1, id)
      left, queue.most = left - 1, queue.most - 1
      for _, part in ipairs({ queue.number, id, token }) do
        claimed[#claimed + 1] = part
      end
    else
      redis.call('ZADD', queue.key, after_lease(id), id)
    end
  end
end

if redis.call('EXISTS', unpack(KEYS, 2)) == 0 then
  return { -1, 0 }
end
for i = 2, #KEYS do
  local wait = wait_of(KEYS[i])
  if wait ~= 0 then
    sleep_at_most(wait)
  elseif redis.call('SISMEMBER', KEYS[1], KEYS[i]) == 0 then
    local share, most = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
    queues[#queues + 1] = { number = i - 2, key = KEYS[i], share = share, most = most }
    promote(KEYS[i])
  end
end
for _, queue in ipairs(queues) do
  take(queue, queue.share)
end
for _, queue in ipairs(queues) do
  take(queue, left)
end
for _, queue in ipairs(queues) do
  local wait = wait_of(queue.key)
  if wait == 0 and queue.most == 0 then
    is_capped = 1
  else
    sleep_at_most(wait)
  end
end
claimed[1], claimed[2] = pause, is_capped
return claimed
