import { BALANCER_NAMES } from '@olla/core/route-plan/balance/balancers';
import { stringify } from 'yaml';

/** An endpoint that `olla config init` has found. */
export interface FoundEndpoint {
  readonly name: string;
  readonly url: string;
  readonly type: string;
}

/** The content of the file instead of endpoints if none was found. */
const NO_ENDPOINTS = `    # No server was found on this machine. Add one like this in place of the empty list:
    endpoints: []
    #   - name: my-ollama
    #     url: http://localhost:11434
    #     type: ollama
`;

/** Renders a short first configuration file with the endpoints that were found, or with a commented example. */
export function starterConfig(found: readonly FoundEndpoint[]): string {
  const [balancer, ...otherBalancers] = BALANCER_NAMES;
  const endpoints = found.length > 0 ? `    endpoints:\n${found.map(entry).join('')}` : NO_ENDPOINTS;
  return `# Configuration of Olla. docs/config.md lists all keys. This file is checked by: olla config check
server:
  host: localhost # 0.0.0.0 accepts connections of other machines
  port: 40114
  rate_limits: # 0 is no limit
    global_requests_per_minute: 1000
    per_ip_requests_per_minute: 100

proxy:
  load_balancer: ${balancer} # or ${otherBalancers.join(', ')}
  response_header_timeout: 10m # a backend may load a model for minutes
  read_timeout: 10m # longest time between two chunks of a response

discovery:
  static:
${endpoints}`;
}

function entry({ name, url, type }: FoundEndpoint): string {
  const lines = stringify([{ name, url, type }], { lineWidth: 0 }).trimEnd().split('\n');
  return lines.map((line) => `      ${line}\n`).join('');
}
