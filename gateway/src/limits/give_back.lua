-- Gives back one permit that was taken.
-- KEYS[1], ARGV[1]  as for taking one
local full_at = redis.call('GET', KEYS[1])
if full_at then
  redis.call('SET', KEYS[1], string.format('%.0f', full_at - ARGV[1]), 'KEEPTTL')
end
return 0
