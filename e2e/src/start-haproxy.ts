import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { needProgram } from '@olla/testing/debian';
import { freePort } from '@olla/testing/free-port';
import type { Gateway } from '@olla/testing/olla-process';
import { StartedProcess } from '@olla/testing/started-process';
import { tempFolder } from '@olla/testing/temp-folder';

const EXAMPLE = join(import.meta.dirname, '../../deploy/haproxy/haproxy.cfg');

export interface Haproxy {
  readonly url: string;
  readonly process: StartedProcess;
}

/** Starts HAProxy with the example of the deploy folder, in front of two gateways. */
export async function startHaproxy(gateways: readonly [Gateway, Gateway]): Promise<Haproxy> {
  const port = await freePort();
  let text = readFileSync(EXAMPLE, 'utf8');
  const replacements = [
    ['bind :40114', `bind 127.0.0.1:${port}`],
    ['gateway-1:40114', `127.0.0.1:${gateways[0].port}`],
    ['gateway-2:40114', `127.0.0.1:${gateways[1].port}`],
  ] as const;
  for (const [from, to] of replacements) {
    if (!text.includes(from)) throw new Error(`${EXAMPLE} does not contain ${JSON.stringify(from)}`);
    text = text.replace(from, to);
  }
  const file = join(tempFolder(), 'haproxy.cfg');
  writeFileSync(file, text);
  const process = await StartedProcess.start(needProgram('haproxy'), ['-db', '-f', file]);
  const url = `http://127.0.0.1:${port}`;
  await process.until('HAProxy reaches a gateway', async () => (await fetch(`${url}/internal/health`)).ok);
  return { url, process };
}
