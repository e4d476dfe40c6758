-- Prolongs leases that are still held. KEYS: the queue. ARGV: length of a lease (ms), then id and token of each.
-- Answers two lists of ids: those whose lease somebody else has, and those that nobody has a lease on. The latter ran
-- out, or Redis forgot them, or they were given back a moment ago: only their worker knows, so none is taken back here.
local lease, lost, gone = tonumber(ARGV[1]), {}, {}
for i = 2, #ARGV, 2 do
  local id, token = ARGV[i], ARGV[i + 1]
  local holder = redis.call('GET', IN_PROGRESS .. id)
  if holder == token then
    redis.call('PEXPIRE', IN_PROGRESS .. id, lease)
    redis.call('ZADD', KEYS[1], after_lease(id), id)
  elseif holder then
    lost[#lost + 1] = id
  else
    gone[#gone + 1] = id
  end
end
return {lost, gone}
