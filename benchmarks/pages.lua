-- Asks for the paths of a file in turn (wrk -s pages.lua ADDRESS -- FILE [gzip]) and tells what it took as one line of JSON.
local paths, at = {}, 0

function init(args)
  for line in io.lines(args[1]) do paths[#paths + 1] = line end
  if args[2] == "gzip" then wrk.headers["Accept-Encoding"] = "gzip" end
  math.randomseed(os.time())
  at = math.random(#paths)
end

function request()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end

function done(summary, latency, requests)
  local errors = summary.errors
  print(string.format('{"requests": %d, "seconds": %.4f, "bytes": %d, "failed": %d, "p50": %.3f, "p99": %.3f, "max": %.3f}',
    summary.requests, summary.duration / 1e6, summary.bytes,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
