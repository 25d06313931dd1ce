import type { StatusBody } from '@olla/admin-api/schema/status';
import type { Gateway } from '@olla/testing/olla-process';

export async function readStatus(gateway: Pick<Gateway, 'url'>): Promise<StatusBody> {
  const response = await fetch(`${gateway.url}/internal/status`);
  const body: StatusBody = JSON.parse(await response.text());
  return body;
}

/** The number of log lines in which a gateway or an agent reports the loss of Redis, and its return. */
export function countOutageLines({ process }: Pick<Gateway, 'process'>): {
  readonly lost: number;
  readonly back: number;
} {
  const lines = process.stdout.split('\n');
  const count = (text: string): number => lines.filter((line) => line.includes(text)).length;
  return { lost: count('requests are served, limits act as'), back: count('answers again after') };
}
