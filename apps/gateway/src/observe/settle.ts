import type { Exchange } from '../request/exchange.ts';
import { recordTrace } from './trace-request.ts';
import type { WorkerContext } from '../worker-context.ts';

/** The end of every request: counted and logged once. Runs when the answer is out, or will never be. */
export function settle(context: WorkerContext, exchange: Exchange): void {
  const durationMs = exchange.elapsedMs();
  const { firstByteMs } = exchange;
  if (exchange.relayed && exchange.admission?.refusedBy == null) {
    context.statistics.settle({
      endpoint: exchange.endpoint,
      model: exchange.endpoint === null ? null : exchange.model,
      result: outcomeOf(exchange),
      durationMs,
      firstByteMs,
      bytesIn: exchange.bytesIn,
      bytesOut: exchange.bytesOut,
      tokensIn: exchange.tokensIn,
      tokensOut: exchange.tokensOut,
      retries: exchange.retries,
    });
  }
  if (exchange.trace !== null) recordTrace(context, exchange, outcomeOf(exchange), durationMs);
  countRouting(context, exchange);
  context.requestLog?.({
    id: exchange.id,
    method: exchange.method,
    path: exchange.path,
    status: exchange.response.headersSent ? exchange.response.statusCode : 499,
    address: exchange.address,
    endpoint: exchange.endpoint,
    model: exchange.model,
    durationMs,
    firstByteMs,
    bytesIn: exchange.bytesIn,
    bytesOut: exchange.bytesOut,
    retries: exchange.retries,
    error: exchange.error,
  });
}

function countRouting({ statistics }: WorkerContext, exchange: Exchange): void {
  const { model, endpoint, error, address } = exchange;
  if (model === null) return;
  if (endpoint !== null) statistics.route(model, exchange.isFallback ? 'fallbacks' : 'hits', address);
  else if (error === 'MODEL_UNAVAILABLE') statistics.route(model, 'misses', address);
}

/** A backend's 5xx, a broken answer and an unreachable fleet are failures; a client's own error is none. */
function outcomeOf(exchange: Exchange): 'ok' | 'failed' | 'cancelled' {
  if (exchange.backendFailed) return 'failed';
  if (exchange.clientGone) return 'cancelled';
  return exchange.error !== null && exchange.response.statusCode >= 500 ? 'failed' : 'ok';
}
