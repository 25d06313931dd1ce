import { BALANCERS, BALANCER_NAMES } from '@olla/core/route-plan/balance/balancers';
import * as z from 'zod';
import {
  bool,
  byteSize,
  choice,
  duration,
  glob,
  leaf,
  list,
  noEffect,
  section,
  unset,
  wholeNumber,
} from '../leaf.ts';

const RETRY_STATUSES = [429, 502, 503, 504] as const;

const retryStatus = z.union(
  RETRY_STATUSES.map((status) => z.literal(status)),
  {
    error: `must be one of ${RETRY_STATUSES.join(', ')}`,
  },
);

const stickySessions = section({
  enabled: leaf(
    'bool',
    bool().default(false),
    'Send all requests of a conversation to one endpoint, which has its beginning in the prompt cache.',
    { env: 'OLLA_PROXY_STICKY_SESSIONS_ENABLED' },
  ),
  idle_ttl_seconds: leaf(
    'int',
    wholeNumber(0).default(600),
    'Seconds after its last request at which a conversation is forgotten; 0 is never.',
  ),
  max_sessions: leaf(
    'int',
    wholeNumber(1).default(10_000),
    'Conversations that each worker remembers. Beyond them it forgets the one that was used least recently.',
  ),
  key_sources: leaf(
    'list',
    list(choice(['session_header', 'prefix_hash', 'auth_header', 'ip']))
      .min(1, { error: 'must not be empty' })
      .default(['session_header', 'prefix_hash', 'auth_header']),
    'What identifies a conversation. The first source that a request has is used.',
  ),
  prefix_hash_bytes: noEffect(
    'int',
    wholeNumber(1),
    '`prefix_hash` covers the messages up to the end of the first one of the user, so that the conversations of one application differ',
  ),
});

export const proxy = section({
  engine: noEffect('choice', choice(['olla', 'sherpa']), 'there is one engine', { env: 'OLLA_PROXY_ENGINE' }),
  profile: noEffect(
    'choice',
    choice(['auto', 'streaming', 'standard']),
    'every response is relayed chunk by chunk as it arrives',
    { env: 'OLLA_PROXY_PROFILE' },
  ),
  load_balancer: leaf(
    'choice',
    choice(BALANCER_NAMES).default('least-connections'),
    `Which of several endpoints that can serve a request gets it. ${BALANCER_NAMES.map((name) => `\`${name}\`: ${BALANCERS[name].summary}`).join('; ')}.`,
    { env: 'OLLA_PROXY_LOAD_BALANCER', synonyms: { 'least-conn': 'least-connections' } },
  ),
  connection_timeout: leaf(
    'duration',
    duration().prefault('60s'),
    'Time to connect to an endpoint; 0 is no limit.',
    { env: 'OLLA_PROXY_CONNECTION_TIMEOUT' },
  ),
  connection_keep_alive: leaf(
    'duration',
    duration().prefault('30s'),
    'Interval of TCP keep-alive probes on connections to endpoints; 0 is off.',
    { env: 'OLLA_PROXY_CONNECTION_KEEP_ALIVE' },
  ),
  connection_max_age: leaf(
    'duration',
    duration().prefault('30s'),
    'Age at which a connection to an endpoint with a DNS name takes no further request, so that a name that moves is followed; 0 is no limit.',
    { env: 'OLLA_PROXY_CONNECTION_MAX_AGE' },
  ),
  response_timeout: leaf('duration', duration().prefault('0s'), 'Time for a whole response; 0 is no limit.', {
    env: 'OLLA_PROXY_RESPONSE_TIMEOUT',
  }),
  read_timeout: leaf(
    'duration',
    duration().prefault('10m'),
    'Longest time between two chunks of a response; 0 is no limit.',
    { env: 'OLLA_PROXY_READ_TIMEOUT' },
  ),
  response_header_timeout: leaf(
    'duration',
    duration().prefault('10m'),
    'Time until the head of a response; 0 is no limit. A backend may load a model for minutes before it responds.',
    { env: 'OLLA_PROXY_RESPONSE_HEADER_TIMEOUT' },
  ),
  tls_handshake_timeout: leaf(
    'duration',
    duration().prefault('10s'),
    'Time for the TLS handshake with an endpoint; 0 is no limit.',
    { env: 'OLLA_PROXY_TLS_HANDSHAKE_TIMEOUT' },
  ),
  stream_buffer_size: noEffect(
    'size',
    byteSize(0),
    'responses are relayed in the chunks in which they arrive',
  ),
  max_retries: leaf(
    'int',
    wholeNumber(0).default(0),
    'Most endpoints that a request is sent to after the first; 0 is no bound of its own.',
  ),
  retry_backoff: noEffect('duration', duration(), 'the next candidate is tried at once'),
  retry: section({
    enabled: leaf('bool', bool().default(true), 'Send a request to the next candidate after a failure.'),
    on_connection_failure: leaf(
      'bool',
      bool().default(true),
      'Do so when no response begins: the connection is refused, reset or silent. Else only after `statuses`.',
    ),
    max_attempts: leaf(
      'int',
      wholeNumber(0).default(0),
      'Most endpoints that a request is sent to, with the first; 0 is no bound of its own.',
    ),
    statuses: leaf(
      'int list',
      list(retryStatus).default([...RETRY_STATUSES]),
      'Statuses of a response after which the next candidate is tried: any of 429, 502, 503, 504. Without a candidate left, the response is relayed.',
      { env: 'OLLA_PROXY_RETRY_STATUSES' },
    ),
    max_body_size: leaf(
      'size',
      byteSize(0).prefault(8_388_608),
      'Largest body that is kept until a response begins, so that another endpoint can get it. A request with a larger one goes to another endpoint only if the connection was refused. 0 keeps none. Kept bodies count in `server.request_limits.max_pending_bytes`, and none is kept where that is short.',
      { env: 'OLLA_PROXY_RETRY_MAX_BODY_SIZE' },
    ),
  }).prefault({}),
  model_management: leaf(
    'bool',
    bool().default(true),
    'Relay management: calls that change models, caches, keys or the configuration of a server (docs/management.md).',
    { env: 'OLLA_PROXY_MODEL_MANAGEMENT' },
  ),
  profile_filter: section({
    include: leaf(
      'list',
      unset(list(glob())).transform((names) => (names?.length === 0 ? null : names)),
      'Backend types in use, `*` and `?` allowed; unset or empty is all. An endpoint of another type, also one that `auto` finds, gets a notice and no requests.',
    ),
    exclude: leaf('list', list(glob()).default([]), 'Backend types not in use.'),
  }).prefault({}),
  sticky_sessions: stickySessions.prefault({}),
});
