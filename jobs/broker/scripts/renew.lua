-- Prolongs leases. KEYS: the queue. ARGV: length of a lease (ms), then id and token of each.
-- Answers the ids whose lease somebody else has taken. One that merely ran out, or that Redis forgot, is taken back:
-- if the job has ended meanwhile, the store refuses this attempt's finish.
local lease, lost = tonumber(ARGV[1]), {}
for i = 2, #ARGV, 2 do
  local id, token = ARGV[i], ARGV[i + 1]
  local holder = redis.call('GET', IN_PROGRESS .. id)
  if holder and holder ~= token then
    lost[#lost + 1] = id
  else
    redis.call('SET', IN_PROGRESS .. id, token, 'PX', lease)
    redis.call('ZADD', KEYS[1], after_lease(id), id)
  end
end
return lost
