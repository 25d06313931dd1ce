import type { LeaseRequest } from './ports/leases.ts';

/** This host's part of a limit while the store is unreachable: limit ÷ gateways, never below 1. */
export function localShare(request: LeaseRequest, gateways: number): LeaseRequest {
  return {
    ...request,
    ratePerMinute: Math.max(1, request.ratePerMinute / gateways),
    capacity: Math.max(1, Math.floor(request.capacity / gateways)),
    spare: 0,
    ...(request.level === undefined ? {} : { level: request.level / gateways }),
  };
}
