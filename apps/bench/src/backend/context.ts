import { PacedWheel } from './paced-wheel.ts';
import { jsonResponse } from './responses.ts';

/** What the backend has seen; the controller reads it between workloads. */
export interface BackendStats {
  requests: number;
  openStreams: number;
  /** Streams whose client left before their end. */
  abortedStreams: number;
  /** Messages with spans. */
  spanBatches: number;
}

/** What all connections of the backend share. */
export interface BackendContext {
  readonly stats: BackendStats;
  wheelOf(intervalMs: number): PacedWheel;
  /** Undefined for a path that does not exist. */
  answerGet(startLine: string): Buffer | undefined;
  /** Stops the pacing, after which no stream goes on. */
  stop(): void;
}

/** @param models the names to list on /v1/models, so that gateways which route by model find them. */
export function createBackendContext(models: readonly string[]): BackendContext {
  const wheels = new Map<number, PacedWheel>();
  const data = models.map((id) => ({ id, object: 'model', created: 1700000000, owned_by: 'bench' }));
  const modelList = jsonResponse(200, Buffer.from(JSON.stringify({ object: 'list', data })));
  const healthy = jsonResponse(200, Buffer.from('{"status":"ok"}'));
  return {
    stats: { requests: 0, openStreams: 0, abortedStreams: 0, spanBatches: 0 },
    wheelOf(intervalMs) {
      let wheel = wheels.get(intervalMs);
      if (wheel === undefined) wheels.set(intervalMs, (wheel = new PacedWheel(intervalMs)));
      return wheel;
    },
    answerGet(startLine) {
      const path = startLine.split(' ')[1]?.split('?')[0];
      if (path === '/v1/models') return modelList;
      return path === '/health' || path === '/' ? healthy : undefined;
    },
    stop() {
      for (const wheel of wheels.values()) wheel.stop();
    },
  };
}
