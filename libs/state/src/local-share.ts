import type { LeaseAsk } from './port.ts';

/** This host's part of a limit while hosts cannot agree: limit ÷ gateways, never below 1. */
export function localShare(ask: LeaseAsk, gateways: number): LeaseAsk {
  return {
    ...ask,
    ratePerMinute: Math.max(1, ask.ratePerMinute / gateways),
    capacity: Math.max(1, Math.floor(ask.capacity / gateways)),
    spare: 0,
    ...(ask.level === undefined ? {} : { level: ask.level / gateways }),
  };
}
