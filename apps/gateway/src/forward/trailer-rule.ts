import type { IncomingMessage } from 'node:http';
import type { Settings } from '@olla/config/schema';
import { headerOf } from '../request/call.ts';

/** Whether the response to a request may end with a trailer section. */
export type TrailerRule = (request: IncomingMessage) => boolean;

/**
 * Clients that fail on a trailer section (RFC 9112 §7.1.2), or leave it in the connection before the next response:
 * HttpClient of Dart, and with it each Flutter app, and versions of fasthttp, cpp-httplib and http-kit that cannot be
 * distinguished from fixed ones.
 */
const BREAKS = /(?:^|[\s(;])(?:dart\/|fasthttp\b|cpp-httplib\/|http-kit\/)/i;

/** Makes the rule of `server.response_time_trailer`. HTTP/1.0 has no trailers. */
export function createTrailerRule(setting: Settings['server']['response_time_trailer']): TrailerRule {
  return (request) => {
    if (request.httpVersionMinor === 0 || setting === 'off') return false;
    if (setting === 'always' || acceptsTrailers(headerOf(request, 'te'))) return true;
    return setting === 'auto' && !BREAKS.test(headerOf(request, 'user-agent') ?? '');
  };
}

/** RFC 9110 §10.1.4: a list, whose words are case-insensitive. */
function acceptsTrailers(te: string | undefined): boolean {
  return te?.split(',').some((word) => word.trim().toLowerCase() === 'trailers') ?? false;
}
