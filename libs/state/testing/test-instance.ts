import { randomUUID } from 'node:crypto';
import type { Instance } from '@olla/core/instance';

/** An identity for a participant in tests. */
export function testInstance(role: Instance['role'], gateway: string, host = 'host-1'): Instance {
  return {
    id: `${host}:${process.pid}:${randomUUID().slice(0, 8)}`,
    role,
    host,
    gateway,
    pid: process.pid,
    version: '0.0.0',
    startedAt: 1,
    configHash: 'c',
  };
}
