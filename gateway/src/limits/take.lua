-- Takes one permit, if there is one: the generic cell rate algorithm (GCRA), in one number a key.
-- KEYS[1]  when the bucket will be full again, in microseconds of the server's clock
-- ARGV[1]  microseconds in which one permit comes back
-- ARGV[2]  permits of a full bucket
-- ARGV[3]  permits that were taken before and have not been counted yet
-- Answers whether one was taken, how many are left, and the microseconds until all are back and until the next is.
local interval, burst, owed = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + interval * owed
local early = full_at + interval - interval * burst - now
local taken = early <= 0
if taken then
  full_at = full_at + interval
end
if taken or owed > 0 then
  redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
end
if taken then
  return {1, math.floor(-early / interval), full_at - now, 0}
end
return {0, 0, full_at - now, early}
