-- Sends the requests of a file in turn, each thread its share, from the start again when all were sent. Those that are too
-- few to share are sent by every thread.
-- Arguments: the file, how many threads there are. A line of the file is method, path, token, key and body, with tabs between.
local threads = 0

function setup(thread)
  thread:set("place", threads)
  threads = threads + 1
end

function init(args)
  requests, sent = {}, 0
  local lines = {}
  for line in io.lines(args[1]) do lines[#lines + 1] = line end
  for number, line in ipairs(lines) do
    if #lines < tonumber(args[2]) or number % tonumber(args[2]) == place then
      local method, path, token, key, body = line:match("^(.-)\t(.-)\t(.-)\t(.-)\t(.*)$")
      local headers = {}
      if token ~= "" then headers["Authorization"] = "Bearer " .. token end
      if key ~= "" then headers["Idempotency-Key"] = key end
      if body ~= "" then headers["Content-Type"] = "application/json" else body = nil end
      requests[#requests + 1] = wrk.format(method, path, headers, body)
    end
  end
end

function request()
  sent = sent + 1
  return requests[(sent - 1) % #requests + 1]
end

function done(summary, latency)
  local lost = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format(
    '{"requests":%d,"micros":%d,"refused":%d,"lost":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.duration, summary.errors.status, lost,
    latency:percentile(50), latency:percentile(99)))
end
