-- Counts a try of each job, as arq's own worker does. ARGV: for how long the count is kept (ms), then ids.
-- Answers the number of each job's try.
local tries = {}
for i = 2, #ARGV do
  tries[i - 1] = redis.call('INCR', RETRY .. ARGV[i])
  redis.call('PEXPIRE', RETRY .. ARGV[i], ARGV[1])
end
return tries
