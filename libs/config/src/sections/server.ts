import {
  bool,
  byteSize,
  choice,
  cidr,
  DESPITE_FAULTS,
  duration,
  headerName,
  leaf,
  list,
  noEffect,
  peek,
  section,
  text,
  unset,
  wholeNumber,
} from '../leaf.ts';

const DEFAULT_IDLE_MS = 75_000;

const requestLimits = section({
  max_body_size: leaf(
    'size',
    byteSize(1).prefault(104_857_600),
    'Largest body of a request; a larger one is answered with 413.',
    { env: 'OLLA_SERVER_MAX_BODY_SIZE' },
  ),
  max_header_size: leaf(
    'size',
    byteSize(1).prefault(1_048_576),
    'Largest head of a request; a larger one is answered with 431.',
    { env: 'OLLA_SERVER_MAX_HEADER_SIZE' },
  ),
  max_pending_bytes: leaf(
    'size',
    byteSize(1).prefault(268_435_456),
    'Bytes of request bodies that one worker holds at once before it refuses more with 503.',
    { env: 'OLLA_SERVER_MAX_PENDING_BYTES' },
  ),
});

const rateLimits = section({
  global_requests_per_minute: leaf(
    'int',
    wholeNumber(0).default(1000),
    'Limit of all of /olla/* together, over the whole cluster; 0 is no limit.',
    { env: 'OLLA_SERVER_GLOBAL_RATE_LIMIT' },
  ),
  per_ip_requests_per_minute: leaf(
    'int',
    wholeNumber(0).default(100),
    'Limit of each client address on /olla/*; 0 is no limit.',
    { env: 'OLLA_SERVER_PER_IP_RATE_LIMIT' },
  ),
  health_requests_per_minute: leaf(
    'int',
    wholeNumber(0).default(1000),
    'Limit of /internal/* and /version; 0 is no limit.',
    { env: 'OLLA_SERVER_HEALTH_RATE_LIMIT' },
  ),
  burst_size: leaf('int', wholeNumber(1).default(50), 'Requests of each limit that may come at once.', {
    env: 'OLLA_SERVER_RATE_BURST_SIZE',
  }),
  cleanup_interval: noEffect(
    'duration',
    duration(),
    'an idle address is forgotten when its limit is full again',
    { env: 'OLLA_SERVER_RATE_CLEANUP_INTERVAL' },
  ),
  trust_proxy_headers: leaf(
    'bool',
    bool().default(false),
    'Take the client address from X-Forwarded-For when the peer is in `trusted_proxy_cidrs`.',
    { env: 'OLLA_SERVER_TRUST_PROXY_HEADERS' },
  ),
  trusted_proxy_cidrs: leaf(
    'list',
    list(cidr()).prefault(['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']),
    'Peers whose X-Forwarded-For counts.',
    { env: 'OLLA_SERVER_TRUSTED_PROXY_CIDRS' },
  ),
  on_state_loss: leaf(
    'choice',
    choice(['local', 'open', 'closed']).default('local'),
    "What the limits do while Redis is away: `local` is this host's share, `open` no limit, `closed` refusal.",
    { env: 'OLLA_RATE_LIMIT_ON_STATE_LOSS' },
  ),
  per_endpoint: section({
    default_requests_per_minute: noEffect(
      'int',
      wholeNumber(0),
      'limits are of clients; what an endpoint takes at once follows from its slots',
    ),
  }).prefault({}),
});

const method = () => text().regex(/^[A-Za-z]+$/, { error: 'must be a method such as GET' });

const origin = () =>
  text().regex(/^(\*|null|[a-z][a-z0-9+.-]*:\/\/[^\s/]+)$/i, {
    error: 'must be * or an origin such as https://chat.example.com, without a path',
  });

const cors = section({
  enabled: leaf(
    'bool',
    bool().default(true),
    'Answer preflights and send Access-Control-* headers, so that web pages can call the gateway.',
    { env: 'OLLA_SERVER_CORS_ENABLED' },
  ),
  allowed_origins: leaf(
    'list',
    list(origin()).min(1, { error: 'must not be empty; switch CORS off with enabled: false' }).default(['*']),
    'Origins that may call; `*` is any.',
    { env: 'OLLA_SERVER_CORS_ALLOWED_ORIGINS' },
  ),
  allowed_methods: leaf(
    'list',
    list(method()).default(['GET', 'POST', 'OPTIONS']),
    'Methods that a preflight allows.',
    { env: 'OLLA_SERVER_CORS_ALLOWED_METHODS' },
  ),
  allowed_headers: leaf(
    'list',
    list(headerName()).default(['*']),
    'Request headers that a preflight allows; `*` is any.',
    { env: 'OLLA_SERVER_CORS_ALLOWED_HEADERS' },
  ),
  exposed_headers: leaf(
    'list',
    list(headerName()).default([]),
    'Response headers that a page may read; empty is all X-Olla-*.',
    { env: 'OLLA_SERVER_CORS_EXPOSED_HEADERS' },
  ),
  allow_credentials: leaf('bool', bool().default(false), 'Let pages send credentials; needs named origins.', {
    env: 'OLLA_SERVER_CORS_ALLOW_CREDENTIALS',
  }),
  max_age: leaf('int', wholeNumber(0).default(300), 'Seconds for which a browser keeps a preflight.', {
    env: 'OLLA_SERVER_CORS_MAX_AGE',
  }),
}).superRefine((value: unknown, context) => {
  const origins = peek(value, 'allowed_origins');
  if (peek(value, 'allow_credentials') !== true || !Array.isArray(origins) || !origins.includes('*')) return;
  const message =
    'cannot be true while allowed_origins holds `*`: every web page could act for its visitor; name the origins';
  context.addIssue({ code: 'custom', path: ['allow_credentials'], message });
}, DESPITE_FAULTS);

export const server = section({
  host: leaf(
    'text',
    text().default('localhost'),
    'Address to listen on: `localhost` is this machine only, `0.0.0.0` all addresses.',
    { env: 'OLLA_SERVER_HOST' },
  ),
  port: leaf('int', wholeNumber(0, 65_535).default(40_114), 'Port to listen on; 0 takes a free one.', {
    env: 'OLLA_SERVER_PORT',
  }),
  workers: leaf('int', unset(wholeNumber(1, 1024)), 'Worker processes; unset is one for each core.', {
    env: 'OLLA_SERVER_WORKERS',
  }),
  request_logging: leaf('bool', bool().default(true), 'Write a log line for each request.'),
  read_timeout: leaf(
    'duration',
    duration().prefault('5m'),
    'Time that a client has for sending a whole request; 0 is no limit.',
    { env: 'OLLA_SERVER_READ_TIMEOUT' },
  ),
  read_header_timeout: leaf(
    'duration',
    duration().prefault('10s'),
    'Time that a client has for sending the head of a request; 0 is no limit.',
    { env: 'OLLA_SERVER_READ_HEADER_TIMEOUT' },
  ),
  write_timeout: noEffect(
    'duration',
    duration(),
    'it would cut long streams; `proxy.response_timeout` bounds an answer',
    { env: 'OLLA_SERVER_WRITE_TIMEOUT' },
  ),
  idle_timeout: leaf(
    'duration',
    duration()
      .transform((ms) => (ms === 0 ? DEFAULT_IDLE_MS : ms))
      .prefault('0s'),
    'Time after which an idle client connection is closed; 0 is 75s, longer than the usual load balancer keeps one.',
  ),
  shutdown_timeout: leaf(
    'duration',
    duration().prefault('10s'),
    'Time that running requests have for finishing when the gateway stops.',
  ),
  request_limits: requestLimits.prefault({}),
  rate_limits: rateLimits.prefault({}),
  cors: cors.prefault({}),
});
