import type { Exchange } from './exchange.ts';
import { respondError, toOllaError } from './respond.ts';
import type { WorkerContext } from '../worker-context.ts';

/** Every error of the path ends here, once: as an answer if none has begun, else as a broken end. */
export function fail(context: WorkerContext, exchange: Exchange, thrown: unknown): void {
  const error = toOllaError(thrown, exchange.id);
  if (error.code === 'INTERNAL')
    context.log.error(`request ${exchange.id} failed`, {
      method: exchange.method,
      path: exchange.path,
      error: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
    });
  const { response } = exchange;
  if (response.writableEnded) return;
  exchange.error = error.code;
  if (error.code === 'BODY_TOO_LARGE') context.statistics.rejected.size += 1;
  if (response.headersSent) response.destroy();
  else if (!response.destroyed) respondError(exchange, error);
}
