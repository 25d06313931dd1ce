import type { PublishOutcome } from '../ports/snapshots.ts';
import { script } from './script.ts';

export type CampaignReply =
  [leads: 0, leader: string] | [leads: 1, token: number, last: string, hasLapsed: 0 | 1];

export type HeartbeatReply = [
  leader: string,
  revision: string,
  token: string,
  n: string,
  ejectionsRevision: string,
  hosts: [hub: string, ageMs: number, report: string, isLost: 0 | 1][],
];

const NOW = `local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
`;

/**
 * Takes or renews the lead. Its token is above all known ones; a holder whose token is not gets a new one.
 *
 * KEYS     lead, snapshot
 * ARGV[1]  instance id of the candidate
 * ARGV[2]  ms for which the lead is taken
 * ARGV[3]  newest token known to the candidate
 * returns  { 1, token, last leader or '', 1 if that lead has expired, 0 if it was resigned } if it leads, else
 *          { 0, instance id of the leader }
 */
export const CAMPAIGN = script<CampaignReply>(
  'campaign',
  `${NOW}
local lead = redis.call('HMGET', KEYS[1], 'holder', 'token', 'until', 'local')
local holder, token, ends = lead[1] or '', tonumber(lead[2] or 0), tonumber(lead[3] or 0)
local taken = holder ~= '' and ends > now
if taken and holder ~= ARGV[1] then return { 0, holder } end
local known = math.max(tonumber(ARGV[3]), tonumber(redis.call('HGET', KEYS[2], 'token') or 0))
local given = tonumber(lead[4] or 0)
if not taken or token < known or token <= given then token = math.max(token, known, given, now) + 1 end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'token', string.format('%.0f', token),
  'until', string.format('%.0f', now + tonumber(ARGV[2])))
return { 1, token, holder, ends > 0 and 1 or 0 }
`,
);

/**
 * Stores a token that a host gave to its own agent while Redis was unreachable, so that the next one is above it.
 *
 * KEYS[1]  lead
 * ARGV[1]  token
 * returns  1
 */
export const NOTE_LOCAL_TOKEN = script<number>(
  'note local token',
  `if tonumber(ARGV[1]) > tonumber(redis.call('HGET', KEYS[1], 'local') or 0) then
  redis.call('HSET', KEYS[1], 'local', ARGV[1])
end
return 1
`,
);

/**
 * Ends the lead of one instance; its token and its name stay.
 *
 * KEYS[1]  lead
 * ARGV[1]  instance id
 * returns  1 if it led, else 0
 */
export const RESIGN = script<number>(
  'resign',
  `if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'until', 0)
return 1
`,
);

/**
 * Stores a snapshot unless there is a newer one or a newer lead was given, and publishes it to all hubs.
 *
 * KEYS     snapshot, catalog, lead
 * ARGV     token, n, head (JSON), catalog id, catalog (JSON, or '' if Redis should have it), channel, message
 * returns  'published', 'fenced' or 'no-catalog'
 */
export const PUBLISH_SNAPSHOT = script<PublishOutcome | 'no-catalog'>(
  'publish snapshot',
  `local token, n = tonumber(ARGV[1]), tonumber(ARGV[2])
if token < tonumber(redis.call('HGET', KEYS[3], 'token') or 0) then return 'fenced' end
local has = redis.call('HMGET', KEYS[1], 'token', 'n')
local hasToken, hasN = tonumber(has[1] or 0), tonumber(has[2] or 0)
if token < hasToken or (token == hasToken and n < hasN) then return 'fenced' end
if token == hasToken and n == hasN then return 'published' end
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[2], 'id', ARGV[4], 'json', ARGV[5])
elseif redis.call('HGET', KEYS[2], 'id') ~= ARGV[4] then
  return 'no-catalog'
end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'n', ARGV[2], 'head', ARGV[3], 'catalogId', ARGV[4])
redis.call('PUBLISH', ARGV[6], ARGV[7])
return 'published'
`,
);

/**
 * Reads the newest snapshot, and its catalog if the reader lacks it.
 *
 * KEYS     snapshot, catalog
 * ARGV[1]  catalog id that the reader has, or ''
 * returns  { head (JSON), catalog id, catalog (JSON) or '' }, or an empty list if there is none
 */
export const READ_SNAPSHOT = script<[] | [head: string, catalogId: string, catalog: string]>(
  'read snapshot',
  `local has = redis.call('HMGET', KEYS[1], 'head', 'catalogId')
if not has[1] then return {} end
if has[2] == ARGV[1] then return { has[1], has[2], '' } end
return { has[1], has[2], redis.call('HGET', KEYS[2], 'json') or '' }
`,
);

/**
 * Replaces the control unless it was changed meanwhile, and notifies all hubs.
 *
 * KEYS[1]  control
 * ARGV     revision it was changed from, new revision, new control (JSON), channel, message
 * returns  1 if it was replaced, else 0
 */
export const CHANGE_CONTROL = script<0 | 1>(
  'change control',
  `if tonumber(redis.call('HGET', KEYS[1], 'revision') or 0) ~= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'revision', ARGV[2], 'json', ARGV[3])
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1
`,
);

/**
 * A hub's heartbeat: stores the report of its host and reads all revisions. A hub that has been silent for too long is
 * removed, and named as lost in this one reply.
 *
 * KEYS     hosts, lead, control, snapshot, ejections
 * ARGV     instance id of the hub, ms after which a silent hub is lost, report (JSON), ms to keep ejections
 * returns  { leader or '', control revision, snapshot token, snapshot n, revision of the ejections,
 *          for each other hub { id, age in ms, report, 1 if it is lost, else 0 } }
 */
export const HEARTBEAT = script<HeartbeatReply>(
  'heartbeat',
  `${NOW}
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now) .. ' ' .. ARGV[3])
local lead = redis.call('HMGET', KEYS[2], 'holder', 'until')
local leader = tonumber(lead[2] or 0) > now and lead[1] or ''
local version = redis.call('HMGET', KEYS[4], 'token', 'n')
redis.call('PEXPIRE', KEYS[5], ARGV[4])
local others = {}
local hosts = redis.call('HGETALL', KEYS[1])
for n = 1, #hosts, 2 do
  local at, report = string.match(hosts[n + 1], '^(%d+) (.*)$')
  local age = now - tonumber(at)
  local lost = age > tonumber(ARGV[2])
  if lost then redis.call('HDEL', KEYS[1], hosts[n]) end
  if hosts[n] ~= ARGV[1] then
    others[#others + 1] = { hosts[n], age, report, lost and 1 or 0 }
  end
end
return {
  leader, redis.call('HGET', KEYS[3], 'revision') or '0', version[1] or '0', version[2] or '0',
  redis.call('HGET', KEYS[5], 'revision') or '0', others,
}
`,
);

/**
 * Stores the ejection of an endpoint unless it is ejected already, and notifies all hubs. A re-admission has a field
 * `ejectedAt`, an ejection has none.
 *
 * KEYS[1]  ejections
 * ARGV     endpoint key, ejection (JSON), ms to keep ejections, channel, message
 * returns  '' if this ejection is in force, else the one that is (JSON)
 */
export const EJECT = script<string>(
  'eject',
  `local last = redis.call('HGET', KEYS[1], ARGV[1])
if last == ARGV[2] then return '' end
if last and not cjson.decode(last).ejectedAt then return last end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HINCRBY', KEYS[1], 'revision', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PUBLISH', ARGV[4], ARGV[5])
return ''
`,
);

/**
 * Replaces the ejection that a re-admission ends, if it is in force, and notifies all hubs.
 *
 * KEYS[1]  ejections
 * ARGV     endpoint key, `at` of the ejection, re-admission (JSON), channel, message
 * returns  1 if it was ended, else 0
 */
export const READMIT = script<0 | 1>(
  'readmit',
  `local last = redis.call('HGET', KEYS[1], ARGV[1])
if not last then return 0 end
local ejection = cjson.decode(last)
if ejection.ejectedAt or ejection.at ~= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('HINCRBY', KEYS[1], 'revision', 1)
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1
`,
);

/**
 * KEYS[1]  ejections
 * returns  { revision, then the last ejection or re-admission of each endpoint (JSON) }
 */
export const READ_EJECTIONS = script<[revision: string, ...last: string[]]>(
  'read ejections',
  `local reply = { redis.call('HGET', KEYS[1], 'revision') or '0' }
local fields = redis.call('HGETALL', KEYS[1])
for n = 1, #fields, 2 do
  if fields[n] ~= 'revision' then reply[#reply + 1] = fields[n + 1] end
end
return reply
`,
);

/**
 * Stores the statistics of a hub's workers.
 *
 * KEYS     statistics of the hub, index of hubs ARGV     instance id of the hub, ms to keep them after the last report,
 * then worker's instance id, report (JSON; '' removes it) … returns  the time of the report in ms
 */
export const FLUSH_STATISTICS = script<number>(
  'flush statistics',
  `${NOW}
for n = 3, #ARGV, 2 do
  if ARGV[n + 1] == '' then
    redis.call('HDEL', KEYS[1], ARGV[n])
  else
    redis.call('HSET', KEYS[1], ARGV[n], string.format('%.0f', now) .. ' ' .. ARGV[n + 1])
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - tonumber(ARGV[2]))
return now
`,
);

/**
 * KEYS[1]  index of hubs
 * returns  { time in ms, instance id of each hub that has statistics }
 */
export const LIST_STATISTICS = script<[nowMs: number, ...hubs: string[]]>(
  'list statistics',
  `${NOW}
local reply = { now }
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do reply[#reply + 1] = id end
return reply
`,
);

/**
 * Stores events that are new, drops the oldest beyond the limit, and publishes the new ones to all hubs.
 *
 * KEYS[1]  events
 * ARGV     events to keep, channel, then for each event: its time in ms, event (JSON), message
 * returns  the number of new ones
 */
export const ADD_EVENTS = script<number>(
  'add events',
  `local new = 0
for n = 3, #ARGV, 3 do
  if redis.call('ZADD', KEYS[1], 'NX', ARGV[n], ARGV[n + 1]) == 1 then
    new = new + 1
    redis.call('PUBLISH', ARGV[2], ARGV[n + 2])
  end
end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[1]))
return new
`,
);
