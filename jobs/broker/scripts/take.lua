-- Takes some of what buckets hold, of each if it holds so much, one after the other.
-- KEYS: the buckets. ARGV: for each what flows in a second, what it can hold, how much to take.
-- Its value is the instant (Unix time, s) at which it will be full again: full is "now or before", and without a key.
-- Answers for each whether it was taken, what is left, the seconds until it could be taken, and until it is full.
local second = time[1] + time[2] / 1e6

local function take(bucket, rate, size, count)
  local full_at = math.max(tonumber(redis.call('GET', bucket) or 0), second)
  local after = full_at + count / rate
  local early = after - size / rate - second
  if early > 0 then
    return { 0, math.floor(size - (full_at - second) * rate), tostring(early), tostring(full_at - second) }
  end
  redis.call('SET', bucket, string.format('%.6f', after), 'PX', math.ceil((after - second) * 1000) + 1)
  return { 1, math.floor(size - (after - second) * rate + 1e-3), '0', tostring(after - second) }
end

local taken = {}
for i, bucket in ipairs(KEYS) do
  local first = 3 * i - 2
  taken[i] = take(bucket, tonumber(ARGV[first]), tonumber(ARGV[first + 1]), tonumber(ARGV[first + 2]))
end
return taken
