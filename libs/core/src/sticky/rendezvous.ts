/**
 * The score of an endpoint for a session by rendezvous hashing. A session belongs to the endpoint with the highest
 * score, which is the same in every process. If an endpoint is added or removed, only its own sessions move.
 * @param weight above 0: an endpoint of twice the weight gets twice the sessions
 */
export function affinity(session: string, endpoint: string, weight: number): number {
  const share = (hash32(session, endpoint) + 0.5) / 0x1_0000_0000;
  return -weight / Math.log(share);
}

/** FNV-1a with the final mix of murmur3, because FNV alone barely changes with the last letters. */
function hash32(a: string, b: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < a.length; i += 1) hash = Math.imul(hash ^ a.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ 0xff, 0x01000193);
  for (let i = 0; i < b.length; i += 1) hash = Math.imul(hash ^ b.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
