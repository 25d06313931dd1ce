import { formatPath, type Path } from './problem.ts';

const merged = 'the models of all endpoints are always merged into one catalog';
const staticOnly = 'endpoints are listed under discovery.static.endpoints';
const pooling = 'connections to an endpoint are opened as requests need them';
const oneAnthropic = 'this version has no Anthropic routes';
const ownBreaker = 'failing endpoints are ejected and tried again by built-in rules, see docs/routing.md';

/**
 * Keys that configuration files and documents of the original Olla contain and that it does not read, each with the
 * reason why they have no effect here. Such files must start. Values below these keys are not checked.
 */
export const HISTORIC_KEYS: Readonly<Record<string, string>> = {
  'server.interactive_cli': 'there is no interactive console; see olla top',
  'server.log_level': 'set logging.level',
  'server.max_request_size': 'set server.request_limits.max_body_size',
  'proxy.circuit_breaker': ownBreaker,
  'proxy.connection_pool': pooling,
  'proxy.health_check_timeout': 'set check_timeout of each endpoint',
  'proxy.idle_conn_timeout': pooling,
  'proxy.idle_timeout': pooling,
  'proxy.max_connections_per_endpoint': pooling,
  'proxy.max_conns_per_host': pooling,
  'proxy.max_idle_conns': pooling,
  'proxy.timeout': 'set proxy.response_timeout',
  'proxy.write_timeout': 'it would cut long streams; proxy.response_timeout bounds a response',
  'discovery.consul': staticOnly,
  'discovery.enabled': staticOnly,
  'discovery.endpoints': 'move the list to discovery.static.endpoints',
  'discovery.etcd': staticOnly,
  'discovery.interval': 'set discovery.model_discovery.interval',
  'discovery.static.endpoints[].circuit_breaker_timeout': ownBreaker,
  'discovery.static.endpoints[].enabled':
    'to take an endpoint out, remove it, or run: olla ctl endpoints drain NAME',
  'discovery.static.endpoints[].health_check': 'set check_interval and check_timeout of the endpoint',
  'discovery.static.endpoints[].platform': 'set the type of the endpoint',
  'discovery.static.endpoints[].tags': 'endpoints have no tags',
  'model_registry.unification.cache_ttl': merged,
  'model_registry.unification.custom_rules': 'use model_aliases for models with different names',
  'model_registry.unification.enabled': merged,
  'translators.anthropic.default_max_tokens': oneAnthropic,
  'translators.anthropic.stream_async': oneAnthropic,
  'translators.anthropic.system_message_handling': oneAnthropic,
  'translators.anthropic.version': oneAnthropic,
  'translators.openai': 'OpenAI routes need no translator',
  'engineering.endpoint_degraded_minimum_requests': ownBreaker,
  'engineering.endpoint_degraded_success_rate_threshold': ownBreaker,
  allowed_models: 'set model_filter of each endpoint',
  circuit_breaker: ownBreaker,
  endpoints: 'move the list to discovery.static.endpoints',
  health: 'set check_interval and check_timeout of each endpoint',
  platforms: 'set the type of each endpoint',
  plugins: 'there are no plugins',
  profiles: 'the properties of a backend type are built in',
  security: 'limits are under server.rate_limits, and TLS is for a reverse proxy to end',
  telemetry: 'statistics are at /internal/status',
  unification: merged,
};

/** Why a key of the original Olla has no effect; null if the key is none of those. */
export function historicKey(path: Path): string | null {
  const key = formatPath(path).replaceAll(/\[\d+\]/g, '[]');
  return Object.hasOwn(HISTORIC_KEYS, key) ? (HISTORIC_KEYS[key] ?? null) : null;
}
