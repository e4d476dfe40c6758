-- Takes or keeps the lead. KEYS: the leader's key. ARGV: worker id, term (ms). Answers 1 for the leader.
local leader = redis.call('GET', KEYS[1])
if leader and leader ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
