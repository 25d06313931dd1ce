import { script, type Script } from './script.ts';

/** Redis's own clock in whole milliseconds, so that differences between hosts' clocks do not matter. */
const REDIS_TIME = `(function()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end)()`;

/**
 * The bucket of bucket.ts in Lua; a property test compares the two. A bucket is a hash:
 *   u units (60,000 a token), t ms at which u was current, r rate a minute, c capacity, i last lease's number,
 *   p ms of the last recall, l:HOLDER leases as "id tokens expiresAtMs"
 */
const BUCKET = `
local UNITS = 60000

local function open(key, rate, capacity, now)
  local flat = redis.call('HGETALL', key)
  local b = { key = key, leases = {}, out = 0, changed = {}, recalled = 0 }
  if #flat == 0 then
    b.u, b.t, b.r, b.c, b.i, b.new = capacity * UNITS, now, rate, capacity, now, true
    return b
  end
  for n = 1, #flat, 2 do
    local field, value = flat[n], flat[n + 1]
    if field == 'p' then
      b.recalled = tonumber(value)
    elseif string.sub(field, 1, 2) == 'l:' then
      local id, tokens, expires = string.match(value, '^(%d+) (%d+) (%d+)$')
      b.leases[string.sub(field, 3)] = { id = id, tokens = tonumber(tokens), expires = tonumber(expires) }
      b.out = b.out + tonumber(tokens)
    else
      b[field] = tonumber(value)
    end
  end
  -- After a failover to a server whose clock is far behind, the bucket must not stand still.
  if b.t > now + 5000 then b.t = now end
  return b
end

local function refill(b, now)
  if now <= b.t then return end
  b.u = math.min((b.c - b.out) * UNITS, b.u + (now - b.t) * b.r)
  b.t = now
end

local function advance(b, now)
  while true do
    local first
    for holder, lease in pairs(b.leases) do
      if lease.expires <= now and (not first or lease.expires < b.leases[first].expires) then first = holder end
    end
    if not first then break end
    local lease = b.leases[first]
    refill(b, lease.expires)
    b.out = b.out - lease.tokens
    b.leases[first] = nil
    b.changed[first] = true
  end
  refill(b, now)
end

local function reconfigure(b, rate, capacity)
  if b.r == rate and b.c == capacity then return end
  local full = b.out == 0 and b.u >= b.c * UNITS
  local room = (capacity - b.out) * UNITS
  b.r, b.c = rate, capacity
  b.u = full and room or math.max(0, math.min(b.u, room))
end

local function whole(b) return math.max(0, math.floor(b.u / UNITS)) end

local function msToFull(b) return math.max(0, math.ceil((b.c * UNITS - b.u) / b.r)) end

local function lend(b, holder, spare, workers, ttl)
  local granted = math.max(0, math.min(math.floor(spare), math.floor(b.u / UNITS / (2 * math.max(1, workers)))))
  local lease = b.leases[holder]
  if granted == 0 then return 0, lease and lease.id or '' end
  if not lease then
    b.i = b.i + 1
    lease = { id = string.format('%.0f', b.i), tokens = 0 }
    b.leases[holder] = lease
  end
  lease.tokens = lease.tokens + granted
  lease.expires = b.t + ttl
  b.changed[holder] = true
  b.out = b.out + granted
  b.u = b.u - granted * UNITS
  return granted, lease.id
end

local function giveBack(b, holder, id, spent, unspent)
  local lease = b.leases[holder]
  if not lease or lease.id ~= id then return end
  local gone = math.min(spent, lease.tokens)
  local back = math.min(unspent, lease.tokens - gone)
  lease.tokens = lease.tokens - gone - back
  b.out = b.out - gone - back
  b.u = b.u + back * UNITS
  if lease.tokens == 0 then b.leases[holder] = nil end
  b.changed[holder] = true
end

local function save(b)
  if b.out == 0 and msToFull(b) == 0 then
    if not b.new then redis.call('DEL', b.key) end
    return
  end
  redis.call('HSET', b.key, 'u', string.format('%.17g', b.u), 't', string.format('%.0f', b.t),
    'r', string.format('%.17g', b.r), 'c', string.format('%.17g', b.c), 'i', string.format('%.0f', b.i),
    'p', string.format('%.0f', b.recalled))
  local last = b.t
  for holder in pairs(b.changed) do
    local lease = b.leases[holder]
    if lease then
      redis.call('HSET', b.key, 'l:' .. holder,
        string.format('%s %.0f %.0f', lease.id, lease.tokens, lease.expires))
    else
      redis.call('HDEL', b.key, 'l:' .. holder)
    end
  end
  for _, lease in pairs(b.leases) do last = math.max(last, lease.expires) end
  redis.call('PEXPIRE', b.key, msToFull(b) + (last - b.t) + 1000)
end
`;

/**
 * Takes tokens of several buckets: all needs, or none.
 *
 * KEYS     one hash a bucket
 * ARGV[1]  holder (instance id)
 * ARGV[2]  live workers
 * ARGV[3]  ms that leased tokens may be spent
 * ARGV[4]  channel for recalls
 * ARGV[5…] for each key: rate a minute, capacity, need, spare, the key's name for a recall
 * returns  for each key: { granted, lease id, remaining, stranded, ms to the next token, ms to full }
 *
 * A key that is short while others hold leases of it is recalled; the message is published at most every 5 ms.
 */
function takeLua(time: string): string {
  return `${BUCKET}
local now = ${time}
local holder, workers, ttl, channel = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local buckets, enough = {}, true
for n, key in ipairs(KEYS) do
  local at = 5 + (n - 1) * 5
  local rate, capacity = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local b = open(key, rate, capacity, now)
  b.need, b.spare, b.name = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), ARGV[at + 4]
  advance(b, now)
  reconfigure(b, rate, capacity)
  b.short = whole(b) < b.need
  if b.short then enough = false end
  buckets[n] = b
end
local replies = {}
for n, b in ipairs(buckets) do
  local own = b.leases[holder]
  local stranded = b.out - (own and own.tokens or 0)
  local granted, id, wait = 0, '', 0
  if enough then
    b.u = b.u - b.need * UNITS
    local spare
    spare, id = lend(b, holder, b.spare, workers, ttl)
    granted = b.need + spare
  elseif b.short then
    wait = math.ceil(((whole(b) + 1) * UNITS - b.u) / b.r)
    if stranded > 0 and now - b.recalled >= 5 then
      b.recalled = now
      redis.call('PUBLISH', channel, cjson.encode({ from = holder, kind = 'recall', body = b.name }))
    end
  end
  replies[n] = { granted, id, whole(b), stranded, wait, msToFull(b) }
  save(b)
end
return replies
`;
}

/**
 * Ends leases in whole or in part.
 *
 * KEYS     one hash a bucket
 * ARGV[1]  holder (instance id)
 * ARGV[2…] for each key: lease id, spent, unspent
 * returns  the number of keys
 */
function returnLua(time: string): string {
  return `${BUCKET}
local now = ${time}
for n, key in ipairs(KEYS) do
  local b = open(key, 1, 1, now)
  if not b.new then
    local at = 2 + (n - 1) * 3
    advance(b, now)
    giveBack(b, ARGV[1], ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]))
    save(b)
  end
end
return #KEYS
`;
}

/** One key's part of the reply of the script that takes leases. */
export type TakenLease = [
  granted: number,
  leaseId: string,
  remaining: number,
  stranded: number,
  retryAfterMs: number,
  resetMs: number,
];

export interface LeaseScripts {
  readonly take: Script<TakenLease[]>;
  readonly giveBack: Script<number>;
}

/** @param time Lua expression of the store's clock in ms; Redis's own unless a test moves time itself */
export function leaseScripts(time: string = REDIS_TIME): LeaseScripts {
  return { take: script('take leases', takeLua(time)), giveBack: script('return leases', returnLua(time)) };
}

/**
 * For rate-limiter-flexible's script hook: counts attempts on a key within milliseconds, because the library's own
 * script supports whole seconds only.
 *
 * KEYS[1]  the counter
 * ARGV[1]  attempts to add
 * ARGV[2]  ms that the first attempt of a row keeps the counter
 * returns  { attempts so far, ms until the counter is gone }
 */
export const COUNT_ATTEMPTS_LUA = `-- olla: count attempts, format v1
redis.call('SET', KEYS[1], 0, 'PX', ARGV[2], 'NX')
local attempts = redis.call('INCRBY', KEYS[1], ARGV[1])
return { attempts, redis.call('PTTL', KEYS[1]) }
`;
