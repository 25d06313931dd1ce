import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { waitFor } from '@olla/testing/wait-for';
import type { Upstream } from '../../src/upstream.ts';
import type { ConformanceOptions, MakeUpstream } from './make-upstream.ts';

/** Makes an upstream without limits of time, unless given; closed with the test. */
export function openUpstream(
  t: TestContext,
  make: MakeUpstream,
  options: Partial<ConformanceOptions> & Pick<ConformanceOptions, 'origin'>,
): Upstream {
  const upstream = make({ connectTimeoutMs: 5_000, headTimeoutMs: 0, readTimeoutMs: 0, ...options });
  t.after(() => upstream.close());
  return upstream;
}

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A port on which nothing listens. */
export async function closedOrigin(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
}

/** Resolves when 20 reads in a row return the same value. */
export async function settled(value: () => number): Promise<void> {
  let before = -1;
  let same = 0;
  await waitFor(
    () => {
      same = value() === before ? same + 1 : 0;
      before = value();
      return same === 20;
    },
    { describe: 'a value to stay', intervalMs: 2 },
  );
}
