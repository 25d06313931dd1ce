import { stringify } from 'yaml';

/** An endpoint that was found and is worth a place in a first configuration file. */
export interface FoundEndpoint {
  readonly name: string;
  readonly url: string;
  readonly type: string;
}

/** What stands in the file when nothing was found, as a comment to fill in. */
const EXAMPLE: FoundEndpoint = { name: 'my-ollama', url: 'http://localhost:11434', type: 'ollama' };

/** A short first configuration file, with the endpoints that were found or a commented example of one. */
export function starterConfig(found: readonly FoundEndpoint[]): string {
  const endpoints =
    found.length > 0
      ? `    endpoints:\n${found.map((endpoint) => entry(endpoint, '      ')).join('')}`
      : `    # No server was found on this machine. Name one like this, in place of the empty list:\n    endpoints: []\n${entry(EXAMPLE, '    #   ')}`;
  return `# Configuration of Olla. Every key and its default: docs/config.md. Check it with: olla config check
server:
  host: localhost # 0.0.0.0 lets other machines in
  port: 40114
  rate_limits: # requests a minute; 0 is no limit
    global_requests_per_minute: 1000
    per_ip_requests_per_minute: 100

proxy:
  load_balancer: least-connections # or: priority, round-robin
  response_header_timeout: 10m # loading a cold model takes minutes
  read_timeout: 10m # longest silence within an answer

discovery:
  static:
${endpoints}`;
}

function entry({ name, url, type }: FoundEndpoint, indent: string): string {
  const lines = stringify([{ name, url, type }], { lineWidth: 0 }).trimEnd().split('\n');
  return lines.map((line) => `${indent}${line}\n`).join('');
}
