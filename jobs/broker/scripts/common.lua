-- Prepended to every script.
local IN_PROGRESS, JOB, RESULT, RETRY, ABORT =
  'arq:in-progress:', 'arq:job:', 'arq:result:', 'arq:retry:', 'arq:abort'

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- A step of priority is worth a minute of waiting: the higher goes first among jobs of about the same age, and none
-- waits for ever behind a stream of higher ones. 1e13 ms keeps every ready score below zero until the year 2286.
local function ready_score(due, priority)
  return due - 1e13 - priority * 60000
end

-- The first instant at which a leased job may be claimed again. A key lives through the millisecond in which it ends, so
-- that instant is the next: a claim in the same one would find the lease still held.
local function after_lease(id)
  return now + redis.call('PTTL', IN_PROGRESS .. id) + 1
end
