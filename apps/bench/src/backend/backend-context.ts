import { jsonResponse } from './responses.ts';
import { TimerWheel } from './timer-wheel.ts';

/** Counts since the start of the backend. The controller reads them between workloads. */
export interface BackendStats {
  requests: number;
  openStreams: number;
  /** Streams whose client left before their end. */
  abortedStreams: number;
  /** Trace exports received. */
  spanBatches: number;
}

/** The state that all connections of the backend share. */
export interface BackendContext {
  readonly stats: BackendStats;
  /** The wheel of one interval, made at its first use. */
  timerWheel(intervalMs: number): TimerWheel;
  /** The response to a GET. Undefined for a path that does not exist. */
  responseToGet(startLine: string): Buffer | undefined;
  /** Stops all timers, and with them all streams. */
  stop(): void;
}

/** @param models the names that /v1/models lists. Gateways that route by model need them. */
export function createBackendContext(models: readonly string[]): BackendContext {
  const wheels = new Map<number, TimerWheel>();
  const data = models.map((id) => ({ id, object: 'model', created: 1700000000, owned_by: 'bench' }));
  const modelList = jsonResponse(200, Buffer.from(JSON.stringify({ object: 'list', data })));
  const healthy = jsonResponse(200, Buffer.from('{"status":"ok"}'));
  return {
    stats: { requests: 0, openStreams: 0, abortedStreams: 0, spanBatches: 0 },
    timerWheel(intervalMs) {
      let wheel = wheels.get(intervalMs);
      if (wheel === undefined) wheels.set(intervalMs, (wheel = new TimerWheel(intervalMs)));
      return wheel;
    },
    responseToGet(startLine) {
      const path = startLine.split(' ')[1]?.split('?')[0];
      if (path === '/v1/models') return modelList;
      return path === '/health' || path === '/' ? healthy : undefined;
    },
    stop() {
      for (const wheel of wheels.values()) wheel.stop();
    },
  };
}
