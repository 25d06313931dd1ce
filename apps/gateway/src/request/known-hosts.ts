import { isIP } from 'node:net';

/**
 * Whether a Host header names the gateway and no other party can own the name, so that no foreign page has this host.
 */
export type IsKnownHost = (host: string) => boolean;

/** Top-level names that no public registry assigns, and the end of Kubernetes Services' names. */
const OWN_SUFFIXES = ['.localhost', '.local', '.internal', '.svc'];

/**
 * @param allowed `server.allowed_hosts`, in lower case
 * @param machine the machine's own name
 */
export function createKnownHosts(allowed: readonly string[], machine: string): IsKnownHost {
  const names = new Set([...allowed, hostName(machine)]);
  const any = names.has('*');
  const suffixes = [
    ...OWN_SUFFIXES,
    ...allowed.filter((name) => name.startsWith('*.')).map((name) => name.slice(1)),
  ];
  return (host) => {
    const name = hostName(host);
    if (name === null) return false;
    if (any || names.has(name) || isIP(name) !== 0) return true;
    // A name without a dot is resolved only in the own network.
    return (
      !name.includes('.') || suffixes.some((suffix) => name.endsWith(suffix) && name.length > suffix.length)
    );
  };
}

/** The name of `host[:port]` in lower case, without a dot at its end; null for an invalid one. */
function hostName(host: string): string | null {
  const [, address] = /^\[([0-9a-f:.]+)\](?::\d*)?$/i.exec(host) ?? [];
  if (address !== undefined) return isIP(address) === 6 ? address : null;
  const [, name] = /^([a-z0-9._-]+?)\.?(?::\d*)?$/i.exec(host) ?? [];
  return name === undefined || name.startsWith('.') || name.endsWith('.') ? null : name.toLowerCase();
}
