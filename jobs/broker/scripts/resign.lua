-- Gives up the lead, if the worker has it. KEYS: the leader's key. ARGV: worker id.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
