/** The result of one chat request. Times are on the clock of performance.now(). */
export interface ChatResult {
  /** 0 when the connection broke or no response came within 10 s. */
  readonly status: number;
  readonly sentMs: number;
  readonly doneMs: number;
}

/** Sends one chat request and reads its whole response. It uses a separate connection unless `headers` keep it. */
export async function sendChat(
  url: string,
  model: string,
  headers: Record<string, string> = { connection: 'close' },
): Promise<ChatResult> {
  const sentMs = performance.now();
  let status = 0;
  try {
    const response = await fetch(`${url}/olla/openai/v1/chat/completions`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hi' }] }),
      signal: AbortSignal.timeout(10_000),
    });
    await response.arrayBuffer();
    status = response.status;
  } catch {
    // Status 0 means the broken connection.
  }
  return { status, sentMs, doneMs: performance.now() };
}

export interface ChatLoadOptions {
  /** The gateways, which get the requests in turn. */
  readonly urls: readonly string[];
  readonly model: string;
  readonly perSecond: number;
  /** Number of clients that the requests claim in X-Forwarded-For, on kept connections. Default: none. */
  readonly clients?: number;
}

export interface ChatLoad {
  /** The results so far, in the order in which the requests ended. */
  readonly results: readonly ChatResult[];
  /** Sends no more requests. Resolves with all results when the last request has ended. */
  stop(): Promise<readonly ChatResult[]>;
}

/** Sends requests at a fixed rate, whether or not earlier ones are answered. */
export function startChatLoad({ urls, model, perSecond, clients = 0 }: ChatLoadOptions): ChatLoad {
  const results: ChatResult[] = [];
  const pending = new Set<Promise<void>>();
  const startedMs = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    while (sent < ((performance.now() - startedMs) * perSecond) / 1_000) {
      const headers = clients > 0 ? { 'x-forwarded-for': `198.51.100.${sent % clients}` } : undefined;
      const request = sendChat(urls[sent % urls.length] ?? '', model, headers).then((result) => {
        results.push(result);
        pending.delete(request);
      });
      pending.add(request);
      sent += 1;
    }
  }, 5);
  return {
    results,
    async stop() {
      clearInterval(timer);
      await Promise.all(pending);
      return results;
    },
  };
}

/** Counts results by status: `200×12 429×3`. */
export function countByStatus(results: readonly ChatResult[]): string {
  const counts = new Map<number, number>();
  for (const { status } of results) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status}×${count}`)
    .join(' ');
}
