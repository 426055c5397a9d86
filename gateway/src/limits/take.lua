-- Takes one permit, if there is one: the generic cell rate algorithm (GCRA), in one number a key.
-- KEYS[1]  when the bucket will be full again, in microseconds of the server's clock
-- ARGV[1]  microseconds in which one permit comes back
-- ARGV[2]  permits of a full bucket
-- Answers whether one was taken, how many are left, and the microseconds until all are back and until the next is.
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local taken_at = full_at + interval
local early = taken_at - interval * burst - now
if early > 0 then
  return {0, 0, full_at - now, early}
end
redis.call('SET', KEYS[1], string.format('%.0f', taken_at), 'PX', math.ceil((taken_at - now) / 1000))
return {1, math.floor(-early / interval), taken_at - now, 0}
