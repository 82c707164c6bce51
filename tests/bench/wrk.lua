-- Counts answers that lack what the page must have, and prints one line of JSON.
local threads = {}
bad = 0

function setup(thread)
   table.insert(threads, thread)
end

function init(arguments)
   marker = arguments[1]
end

function response(status, headers, body)
   if status ~= 200 or not string.find(body, marker, 1, true) then
      bad = bad + 1
   end
end

function done(summary, latency, requests)
   local failed = summary.errors.connect + summary.errors.read + summary.errors.write
      + summary.errors.timeout
   for _, thread in ipairs(threads) do
      failed = failed + thread:get("bad")
   end
   io.write(string.format(
      '{"pages": %d, "errors": %d, "p50": %f, "p95": %f, "p99": %f}\n',
      summary.requests, failed, latency:percentile(50) / 1000, latency:percentile(95) / 1000,
      latency:percentile(99) / 1000))
end
