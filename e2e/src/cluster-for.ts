import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StatusBody } from '@olla/admin-api/schema/status';
import { needProgram } from '@olla/testing/debian';
import { freePort } from '@olla/testing/free-port';
import type { Gateway } from '@olla/testing/olla-process';
import { StartedProcess } from '@olla/testing/started-process';
import { tempFolder } from '@olla/testing/temp-folder';

const HAPROXY_EXAMPLE = join(import.meta.dirname, '../../deploy/haproxy/haproxy.cfg');

export interface Balancer {
  readonly url: string;
  readonly process: StartedProcess;
}

/** HAProxy with the delivered example, in front of two gateways of this test. */
export async function startHaproxy(gateways: readonly [Gateway, Gateway]): Promise<Balancer> {
  const port = await freePort();
  let text = readFileSync(HAPROXY_EXAMPLE, 'utf8');
  const changes = [
    ['bind :40114', `bind 127.0.0.1:${port}`],
    ['gateway-1:40114', `127.0.0.1:${gateways[0].port}`],
    ['gateway-2:40114', `127.0.0.1:${gateways[1].port}`],
  ] as const;
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`${HAPROXY_EXAMPLE} holds no ${JSON.stringify(from)}`);
    text = text.replace(from, to);
  }
  const file = join(tempFolder(), 'haproxy.cfg');
  writeFileSync(file, text);
  const process = await StartedProcess.start(needProgram('haproxy'), ['-db', '-f', file]);
  const url = `http://127.0.0.1:${port}`;
  await process.until('HAProxy reaches a gateway', async () => (await fetch(`${url}/internal/health`)).ok);
  return { url, process };
}

export async function statusOf(gateway: Pick<Gateway, 'url'>): Promise<StatusBody> {
  return (await (await fetch(`${gateway.url}/internal/status`)).json()) as StatusBody;
}

/** How often a gateway or an agent logged that Redis went away, and that it came back. */
export function outageLines({ process }: Pick<Gateway, 'process'>): {
  readonly lost: number;
  readonly back: number;
} {
  const lines = process.stdout.split('\n');
  const count = (text: string): number => lines.filter((line) => line.includes(text)).length;
  return { lost: count('cannot be reached'), back: count('answers again after') };
}

export interface Outcome {
  /** 0 for a connection that broke. */
  readonly status: number;
  readonly sentMs: number;
  readonly doneMs: number;
}

/** One chat request, its answer read to the end; on a connection of its own unless `headers` say otherwise. */
export async function chat(
  url: string,
  model: string,
  headers: Record<string, string> = { connection: 'close' },
): Promise<Outcome> {
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
    // The connection broke or nothing came: status 0 tells.
  }
  return { status, sentMs, doneMs: performance.now() };
}

export interface Load {
  readonly outcomes: readonly Outcome[];
  /** Resolves when the last request is over. */
  stop(): Promise<readonly Outcome[]>;
}

/**
 * Requests at an even pace to each URL in turn, whether or not earlier ones are answered.
 *
 * @param addresses clients that they claim to come from, on connections that are kept
 */
export function offer(urls: readonly string[], model: string, perSecond: number, addresses = 0): Load {
  const outcomes: Outcome[] = [];
  const pending = new Set<Promise<void>>();
  const startedMs = performance.now();
  let offered = 0;
  const timer = setInterval(() => {
    while (offered < ((performance.now() - startedMs) * perSecond) / 1_000) {
      const headers = addresses > 0 ? { 'x-forwarded-for': `198.51.100.${offered % addresses}` } : undefined;
      const one = chat(urls[offered % urls.length] as string, model, headers).then((outcome) => {
        outcomes.push(outcome);
        pending.delete(one);
      });
      pending.add(one);
      offered += 1;
    }
  }, 5);
  return {
    outcomes,
    async stop() {
      clearInterval(timer);
      await Promise.all(pending);
      return outcomes;
    },
  };
}

/** Outcomes by status: `200×12 429×3`. */
export function tally(outcomes: readonly Outcome[]): string {
  const counts = new Map<number, number>();
  for (const { status } of outcomes) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status}×${count}`)
    .join(' ');
}
