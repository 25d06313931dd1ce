import { isIP } from 'node:net';
import type { Exchange } from '../../http/exchange.ts';

/** Whether Ollama on loopback accepts this `Host`: a name of this machine, or a private address. */
export function isLocalHost(host: string): boolean {
  const name = host
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
  if (isIP(name) === 4) return /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|0\.0\.0\.0$)/.test(name);
  if (isIP(name) === 6) return name === '::1' || name === '::' || /^f[cd]/.test(name);
  return name === '' || name === 'localhost' || /\.(localhost|local|internal)$/.test(name);
}

/** Whether a page of this origin may send requests. */
export function isLocalOrigin(origin: string): boolean {
  return (
    /^https?:\/\/(localhost|127\.0\.0\.1|0\.0\.0\.0)(:\d+)?$/.test(origin) ||
    /^(app|file|tauri|vscode-webview|vscode-file):\/\//.test(origin)
  );
}

const ALLOWED_HEADERS = [
  'Authorization',
  'Content-Type',
  'User-Agent',
  'Accept',
  'X-Requested-With',
  'Openai-Beta',
  ...[
    'Arch',
    'Async',
    'Custom-Poll-Interval',
    'Helper-Method',
    'Lang',
    'Os',
    'Package-Version',
    'Poll-Helper',
    'Retry-Count',
    'Runtime',
    'Runtime-Version',
    'Timeout',
  ].map((name) => `X-Stainless-${name}`),
].join(',');

export function respondPreflight(exchange: Exchange, origin: string, allow: string | undefined): void {
  exchange.respond({
    status: 204,
    headers: [
      ...['Access-Control-Allow-Headers', ALLOWED_HEADERS],
      ...['Access-Control-Allow-Methods', 'GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS'],
      ...['Access-Control-Allow-Origin', origin],
      ...['Access-Control-Max-Age', '43200'],
      ...(allow === undefined ? [] : ['Allow', allow]),
      ...['Vary', 'Origin'],
      ...['Vary', 'Access-Control-Request-Method'],
      ...['Vary', 'Access-Control-Request-Headers'],
      ...['Date', new Date().toUTCString()],
    ],
    body: '',
  });
}
