import { profileOrDefault } from '@olla/backends/table';
import type { BackendType } from '@olla/core/backend-type';
import { backendHeaders } from '@olla/core/http/headers';
import type { Endpoint } from '../fleet/endpoints.ts';
import type { Call } from '../request/call.ts';
import type { ClientAddress } from '../request/client-address.ts';
import type { RequestBody } from '../request/request-body.ts';

export interface HeaderInput {
  readonly call: Call;
  readonly client: ClientAddress;
  readonly endpoint: Endpoint;
  readonly type: BackendType;
  /** Null for a request of the gateway's own. */
  readonly body: Pick<RequestBody, 'isDecoded'> | null;
}

/** The headers of a client's request for one endpoint. @param length of the body that is sent; null if unknown */
export function requestHeaders(
  { call, client, endpoint, type, body }: HeaderInput,
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
    isDecoded: body?.isDecoded ?? false,
    contentLength: length,
  });
}
