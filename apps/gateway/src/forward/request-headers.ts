import { profileOrDefault } from '@olla/backends/table';
import type { BackendType } from '@olla/core/backend-type';
import { backendHeaders } from '@olla/core/http/headers';
import type { Endpoint } from '../fleet/endpoints.ts';
import type { Call } from '../request/call.ts';
import type { ClientAddress } from '../request/client-address.ts';

export interface HeaderInput {
  readonly call: Call;
  readonly client: ClientAddress;
  readonly endpoint: Endpoint;
  readonly type: BackendType;
}

/** The headers of a client's request as one endpoint gets them. @param length of the body, as it is sent; null if unknown */
export function requestHeaders(
  { call, client, endpoint, type }: HeaderInput,
  length: number | null,
): string[] {
  return backendHeaders(call.request.rawHeaders, {
    host: endpoint.host,
    clientAddress: client.address,
    peerAddress: call.request.socket.remoteAddress,
    peerTrusted: client.isPeerTrusted,
    forwardedHost: call.request.headers.host ?? '',
    requestId: call.id,
    credentials: endpoint.credentials,
    withheld: profileOrDefault(type).requestHeaders.drop,
    contentLength: length,
  });
}
