-- Takes some of what a bucket holds, if it holds so much.
-- KEYS: the bucket. ARGV: what flows in a second, what it can hold, how much to take.
-- Its value is the instant (Unix time, s) at which it will be full again: full is "now or before", and without a key.
-- Answers whether it was taken, what is left, the seconds until it could be taken, and until the bucket is full.
local rate, size, count = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local second = time[1] + time[2] / 1e6
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), second)
local after = full_at + count / rate
local early = after - size / rate - second
if early > 0 then
  return { 0, math.floor(size - (full_at - second) * rate), tostring(early), tostring(full_at - second) }
end
redis.call('SET', KEYS[1], string.format('%.6f', after), 'PX', math.ceil((after - second) * 1000) + 1)
return { 1, math.floor(size - (after - second) * rate + 1e-3), '0', tostring(after - second) }
