import { readFileSync } from 'node:fs';

declare const OLLA_VERSION: string | undefined;

/** Version of this build: set by the bundler, else read from the package in the working tree. */
export function gatewayVersion(): string {
  if (typeof OLLA_VERSION === 'string') return OLLA_VERSION;
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
