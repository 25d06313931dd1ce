import type { IncomingMessage } from 'node:http';
import { clientAddress, type Trust } from '@olla/core/limits-address/client-address';
import { headerOf } from './call.ts';

/** Who sent a request. */
export interface ClientAddress {
  /** The client's address, from a trusted source: that of the peer, or the report of a trusted proxy. */
  readonly address: string;
  /** The TCP peer is a trusted proxy: its own forwarding headers count. */
  readonly isPeerTrusted: boolean;
}

export type FindClientAddress = (request: IncomingMessage) => ClientAddress;

export function createFindClientAddress(trust: Trust): FindClientAddress {
  return (request) => {
    const peer = request.socket.remoteAddress ?? '';
    return {
      address: clientAddress(peer, headerOf(request, 'x-forwarded-for'), trust),
      isPeerTrusted: trust.trusts(peer),
    };
  };
}
