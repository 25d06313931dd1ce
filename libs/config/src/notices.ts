import { isDropped } from '@olla/backends/base-path';
import type { YamlProblem } from './document.ts';
import type { Draft } from './draft.ts';
import { hasCredentials } from './endpoint-credentials.ts';
import { matchesFilter } from './glob.ts';
import { isKnownVariable, unknownVariables, variablesWithoutEffect } from './env.ts';
import { KEY_ROWS } from './key-table.ts';
import { formatPath, type Notice } from './problem.ts';
import type { Settings } from './schema.ts';

/** Collects what an operator should know about a configuration that is valid. */
export function collectNotices(
  draft: Draft,
  settings: Settings,
  env: Readonly<Record<string, string | undefined>>,
): Notice[] {
  return [
    ...draft.document.warnings.map((warning) => yamlWarning(draft, warning)),
    ...keysWithoutEffect(draft),
    ...variablesWithoutEffect(env).map(({ variable, why }) =>
      ofVariable('NO_EFFECT', variable, `accepted without effect: ${why}`),
    ),
    ...unknownVariables(env).map(({ variable, suggestion }) =>
      ofVariable('UNKNOWN_VARIABLE', variable, unknownVariable(suggestion)),
    ),
    ...serviceLinks(draft),
    ...loopbackEndpoints(draft, settings),
    ...droppedPaths(draft, settings),
    ...insecureEndpoints(draft, settings),
    ...lentCredentials(draft, settings),
    ...unusedEndpoints(draft, settings),
  ];
}

function yamlWarning(draft: Draft, { message, line, column }: YamlProblem): Notice {
  return { code: 'YAML_WARNING', key: '', message, file: draft.file, line, column, variable: null };
}

function ofVariable(code: Notice['code'], variable: string, message: string): Notice {
  return { code, key: variable, message, file: null, line: null, column: null, variable };
}

function keysWithoutEffect(draft: Draft): Notice[] {
  const known = KEY_ROWS.flatMap(({ path, noEffect }) =>
    noEffect === null || draft.get(path) === undefined ? [] : [{ path, why: noEffect }],
  );
  return [...known, ...draft.historic].map(({ path, why }) => ({
    code: 'NO_EFFECT',
    key: formatPath(path),
    message: `accepted without effect: ${why}`,
    ...draft.placeOf(path, 'key'),
  }));
}

function unknownVariable(suggestion: string | null): string {
  return `is unknown and has no effect${suggestion === null ? '' : ` (did you mean ${suggestion}?)`}`;
}

/** Only for variables that would set a key: the others of a Service are as harmless as they are many. */
function serviceLinks(draft: Draft): Notice[] {
  return draft.serviceLinks
    .filter(({ variable }) => isKnownVariable(variable))
    .map(({ variable, service }) =>
      ofVariable(
        'SERVICE_LINK',
        variable,
        `is the link of Kubernetes to a Service named ${service}, and sets nothing. Give the pod enableServiceLinks: false to end it`,
      ),
    );
}

function loopbackEndpoints(draft: Draft, settings: Settings): Notice[] {
  if (settings.redis.url === null) return [];
  return settings.discovery.static.endpoints.flatMap(({ url, name }, index) => {
    if (!isLoopback(new URL(url).hostname)) return [];
    const path = ['discovery', 'static', 'endpoints', index, 'url'];
    const message = `endpoint ${name} has a loopback address. The other hosts that share redis.url would reach another server under it. Use an address that all hosts can reach`;
    return [{ code: 'LOOPBACK_ENDPOINT', key: formatPath(path), message, ...draft.placeOf(path, 'value') }];
  });
}

function droppedPaths(draft: Draft, settings: Settings): Notice[] {
  return settings.discovery.static.endpoints.flatMap(({ url, name, preserve_path: keep }, index) => {
    const { pathname } = new URL(url);
    if (!isDropped(pathname, keep)) return [];
    const path = ['discovery', 'static', 'endpoints', index, 'url'];
    const message = `endpoint ${name} gets requests without the path ${pathname}. Set preserve_path: true to put it in front of each, or remove it`;
    return [{ code: 'DROPPED_PATH', key: formatPath(path), message, ...draft.placeOf(path, 'value') }];
  });
}

function insecureEndpoints(draft: Draft, settings: Settings): Notice[] {
  return settings.discovery.static.endpoints.flatMap(({ name, insecure_skip_verify: isInsecure }, index) => {
    if (!isInsecure) return [];
    const path = ['discovery', 'static', 'endpoints', index, 'insecure_skip_verify'];
    const message = `any certificate of endpoint ${name} is accepted, so that anyone on the network path can read and change its requests. Set ca_file in its place`;
    return [{ code: 'INSECURE_ENDPOINT', key: formatPath(path), message, ...draft.placeOf(path, 'key') }];
  });
}

/** One notice for all endpoints, because it depends on the origins. */
function lentCredentials(draft: Draft, { server: { cors }, discovery }: Settings): Notice[] {
  const names = discovery.static.endpoints.filter(hasCredentials).map(({ name }) => name);
  if (names.length === 0 || !cors.enabled || !cors.allowed_origins.includes('*')) return [];
  const shown =
    names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
  const path = ['server', 'cors', 'allowed_origins'];
  const message = `contains \`*\`, so that every web page that a user of the gateway opens may use ${shown} for inference and reading, with the credentials that are configured there. Name the origins of your pages, or leave it so if that is meant; management is refused to other pages in any case`;
  return [{ code: 'LENT_CREDENTIALS', key: formatPath(path), message, ...draft.placeOf(path, 'key') }];
}

function unusedEndpoints(draft: Draft, settings: Settings): Notice[] {
  return settings.discovery.static.endpoints.flatMap(({ name, type }, index) => {
    if (type === 'auto' || matchesFilter(settings.proxy.profile_filter, type)) return [];
    const path = ['discovery', 'static', 'endpoints', index, 'type'];
    const message = `endpoint ${name} is not used, because proxy.profile_filter leaves out its type. Change the filter or remove the endpoint`;
    return [{ code: 'UNUSED_ENDPOINT', key: formatPath(path), message, ...draft.placeOf(path, 'value') }];
  });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127\./.test(host);
}
