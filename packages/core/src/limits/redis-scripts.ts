import {
  concurrencyDecrease,
  concurrencyDecreaseEveryMs,
  concurrencyGrowthPerRound,
  kneeCaution,
  kneeFrom,
  kneeTo,
  slowStartFloor,
  slowStartMs,
} from "./rules.ts";

// One script is one atomic step for all processes, and Redis' own clock is the only one they share.
// The arithmetic is the same as in gate.ts, gcra.ts and aimd.ts; the contract suite holds both to it.
const now = `
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000`;

/** KEYS gate, bucket; ARGV cost, tolerance, longest wait (ms) → kind, wait (ms). */
export const takeRateScript = `${now}
local cost, tolerance, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local opens = tonumber(redis.call('GET', KEYS[1]) or '0')
if opens > now then
  if opens - now > longest then return {'refused', tostring(opens - now)} end
  return {'gated', tostring(opens - now)}
end
if opens > 0 then cost = cost / math.min(1, math.max(${slowStartFloor}, (now - opens) / ${slowStartMs})) end
local due = math.max(tonumber(redis.call('GET', KEYS[2]) or '0'), now) + cost
local wait = due - math.max(tolerance, cost) - now
if wait < 0.01 then wait = 0 end
if wait > longest then return {'refused', tostring(wait - longest)} end
redis.call('SET', KEYS[2], string.format('%.3f', due), 'PX', math.ceil(due - now) + 1000)
return {'go', tostring(wait)}`;

/** KEYS gate; ARGV pause (ms). Keeps the longer of two pauses. */
export const closeGateScript = `${now}
local opens = now + tonumber(ARGV[1])
if opens > tonumber(redis.call('GET', KEYS[1]) or '0') then
  redis.call('SET', KEYS[1], string.format('%.3f', opens), 'PX', math.ceil(tonumber(ARGV[1])) + ${slowStartMs})
end
return 1`;

/** KEYS gate → wait (ms). */
export const gateMsScript = `${now}
return tostring(math.max(0, tonumber(redis.call('GET', KEYS[1]) or '0') - now))`;

/** KEYS leases, state; ARGV cap, lease id, lease time (ms) → 1 when there is room. */
export const enterScript = `${now}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local limit = tonumber(redis.call('HGET', KEYS[2], 'limit') or ARGV[1])
if redis.call('ZCARD', KEYS[1]) >= math.floor(limit) then return 0 end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`;

/** KEYS leases, state; ARGV cap, lease id, load, reported limit or '', keep (ms). */
export const leaveScript = `${now}
redis.call('ZREM', KEYS[1], ARGV[2])
local cap = tonumber(ARGV[4]) or tonumber(redis.call('HGET', KEYS[2], 'cap') or ARGV[1])
local limit = tonumber(redis.call('HGET', KEYS[2], 'limit') or cap)
if ARGV[3] == 'rejected' then
  local decreased = tonumber(redis.call('HGET', KEYS[2], 'decreased') or '0')
  if now - decreased >= ${concurrencyDecreaseEveryMs} then
    redis.call('HSET', KEYS[2], 'decreased', string.format('%.3f', now), 'knee', string.format('%.6f', limit))
    limit = limit * ${concurrencyDecrease}
  end
  limit = math.min(limit, redis.call('ZCARD', KEYS[1]))
elseif ARGV[3] == 'accepted' then
  local knee = tonumber(redis.call('HGET', KEYS[2], 'knee') or 'inf')
  local near = limit >= knee * ${kneeFrom} and limit <= knee * ${kneeTo}
  limit = limit + cap * ${concurrencyGrowthPerRound} / limit * (near and ${kneeCaution} or 1)
end
limit = math.max(1, math.min(cap, limit))
redis.call('HSET', KEYS[2], 'limit', string.format('%.6f', limit), 'cap', cap)
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return 1`;
