import type { Exchange } from '../../http/exchange.ts';
import type { Model } from '../../model.ts';
import type { Ticket } from '../../physics/job.ts';
import type { ServerState } from '../../server-state.ts';

/** What one llama.cpp server has beside its engine. */
export interface LlamaServer {
  readonly state: ServerState;
  /** The one model it serves, whatever a request names. */
  readonly model: Model;
  /** Simulated time until which it answers 503. */
  readonly readyAt: number;
  /** When it last had a result for any request, in simulated time. */
  lastResultAt: number;
}

const SOCKET_CHECK_MS = 1000;

/**
 * A streaming request whose head is out ends with its next token. Any other is looked after only when there
 * was no result for any request for a second: beside a running stream its slot works on to the end.
 * With `X-Conversation-Id` nothing is cancelled.
 */
export function cancelAsLlamaDoes(server: LlamaServer, exchange: Exchange, ticket: Ticket): void {
  const { clock } = server.state;
  if (exchange.headers['x-conversation-id'] !== undefined) return;
  if (exchange.headSent) return ticket.cancel();
  const check = (): void => {
    const silentMs = clock.now() - server.lastResultAt;
    if (silentMs >= SOCKET_CHECK_MS) ticket.cancel();
    else clock.after(SOCKET_CHECK_MS - silentMs, check);
  };
  clock.after(SOCKET_CHECK_MS, check);
}
