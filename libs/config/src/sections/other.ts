import * as z from 'zod';
import {
  bool,
  byteSize,
  choice,
  cidr,
  duration,
  leaf,
  list,
  noEffect,
  section,
  text,
  unset,
} from '../leaf.ts';

/** Timers are not set to it, so it may be longer than they can wait: a hundred years. */
const MAX_AGE_MS = 3_155_760_000_000;

export const modelRegistry = section({
  type: noEffect('choice', choice(['memory']), 'models are always held in memory', {
    env: 'OLLA_MODEL_REGISTRY_TYPE',
  }),
  enable_unifier: noEffect('bool', bool(), 'models of all endpoints are always one catalog', {
    env: 'OLLA_MODEL_UNIFIER_ENABLED',
  }),
  routing_strategy: section({
    type: leaf(
      'choice',
      choice(['strict', 'optimistic', 'discovery']).default('strict'),
      'What happens when no healthy endpoint has the model: refuse, try others, or look again first.',
    ),
    options: section({
      fallback_behavior: leaf(
        'choice',
        choice(['compatible_only', 'all', 'none']).default('compatible_only'),
        'Which other endpoints `optimistic` tries.',
      ),
      discovery_timeout: leaf(
        'duration',
        duration({ minMs: 1 }).prefault('2s'),
        'Time that `discovery` waits for new lists of models.',
      ),
      discovery_refresh_on_miss: leaf(
        'bool',
        bool().default(false),
        'Ask the endpoints again when a model is unknown.',
      ),
    }).prefault({}),
  }).prefault({}),
  unification: section({
    stale_threshold: leaf(
      'duration',
      duration({ minMs: 1, maxMs: MAX_AGE_MS }).prefault('24h'),
      'A model that no endpoint has listed for so long is forgotten.',
    ),
    cleanup_interval: noEffect('duration', duration(), 'old models are dropped with each list of models'),
  }).prefault({}),
});

export const modelAliases = leaf(
  'map',
  z
    .record(text(), list(text()).min(1, { error: 'must name at least one model' }), {
      error: 'must be names, each with a list of model names',
    })
    .default({}),
  'Virtual model names, each with the names that the model has on the servers, in order of preference.',
);

const noAnthropic = 'the Anthropic routes do not answer here';
const noDashboard = 'there is no page at /internal/ui/';

export const translators = section({
  anthropic: section({
    enabled: noEffect('bool', bool(), noAnthropic, { env: 'OLLA_TRANSLATORS_ANTHROPIC_ENABLED' }),
    passthrough_enabled: noEffect('bool', bool(), noAnthropic, {
      env: 'OLLA_TRANSLATORS_ANTHROPIC_PASSTHROUGH_ENABLED',
    }),
    max_message_size: noEffect('size', byteSize(1, 104_857_600), noAnthropic, {
      env: 'OLLA_TRANSLATORS_ANTHROPIC_MAX_MESSAGE_SIZE',
    }),
    inspector: section({
      enabled: noEffect('bool', bool(), noAnthropic),
      output_dir: noEffect('path', text(), noAnthropic),
      session_header: noEffect('text', text(), noAnthropic),
    }).prefault({}),
  }).prefault({}),
});

export const logging = section({
  level: leaf(
    'choice',
    choice(['debug', 'info', 'warn', 'error']).default('info'),
    'Least important level that is written.',
    { env: ['OLLA_LOGGING_LEVEL', 'OLLA_LOG_LEVEL'] },
  ),
  format: leaf(
    'choice',
    choice(['json', 'text']).default('json'),
    'Form of log lines; a terminal always gets the form for people.',
    { env: 'OLLA_LOGGING_FORMAT' },
  ),
  output: noEffect(
    'choice',
    choice(['stdout', 'file']),
    'logs go to stdout; let the service manager write files',
  ),
});

export const engineering = section({
  show_nerdstats: noEffect('bool', bool(), 'memory figures are at /internal/process', {
    env: 'OLLA_SHOW_NERD_STATS',
  }),
});

export const dashboard = section({
  enabled: noEffect('bool', bool(), noDashboard),
  access_policy: section({
    allowed_cidrs: noEffect('list', list(cidr()), noDashboard),
    allowed_hosts: noEffect('list', list(text()), noDashboard),
  }).prefault({}),
  gate_internal_api: noEffect('bool', bool(), noDashboard),
});

const redisUrl = () =>
  text().superRefine((value, context) => {
    const url = URL.parse(value);
    if (url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== '') return;
    const message = 'must be a URL such as redis://localhost:6379 or rediss://user:password@host:6380/0';
    context.addIssue({ code: 'custom', message });
  });

const clusterName = () =>
  text().regex(/^[A-Za-z0-9._-]{1,64}$/, {
    error: 'must be 1 to 64 letters, digits, dots, dashes or underscores',
  });

export const redis = section({
  url: leaf(
    'text',
    unset(redisUrl()),
    'Redis that the gateways of a cluster share; unset keeps the shared state in this process.',
    { env: 'OLLA_REDIS_URL', secret: true },
  ),
  name: leaf('text', clusterName().default('default'), 'Name of the cluster within that Redis.', {
    env: 'OLLA_REDIS_NAME',
  }),
});

const token = () =>
  text().regex(/^[\x21-\x7e]+$/, {
    error: 'must be printable ASCII characters without spaces, because a header carries it',
  });

export const admin = section({
  token: leaf(
    'text',
    unset(token()),
    'Token that changes over the admin API need; unset is one that `olla serve` makes for this machine.',
    { env: 'OLLA_ADMIN_TOKEN', secret: true },
  ),
  token_file: leaf('path', unset(text()), 'File that holds the token.', { env: 'OLLA_ADMIN_TOKEN_FILE' }),
});
