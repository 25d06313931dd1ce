import type { JobHandle } from '../../engine/job.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { LlamaServer } from './llama-server.ts';

const SOCKET_CHECK_MS = 1000;

/**
 * Cancels the job of a client that left, when llama.cpp would notice. A stream whose head is out is cancelled with
 * its next token. Any other job is checked only after a second without a result for any request, so beside a running
 * stream it goes on to its end. A request with `X-Conversation-Id` is never cancelled.
 */
export function cancelAfterDisconnect(server: LlamaServer, exchange: Exchange, job: JobHandle): void {
  const { clock } = server.state;
  if (exchange.headers['x-conversation-id'] !== undefined) return;
  if (exchange.headSent) return job.cancel();
  const check = (): void => {
    const idleMs = clock.now() - server.lastResultAt;
    if (idleMs >= SOCKET_CHECK_MS) job.cancel();
    else clock.after(SOCKET_CHECK_MS - idleMs, check);
  };
  clock.after(SOCKET_CHECK_MS, check);
}
