import type { AdminClient } from '@olla/admin-api/client';
import { AdminError } from '@olla/admin-api/admin-error';
import type { EndpointActionBody } from '@olla/admin-api/schema/actions';
import { CommandError, EXIT, type ExitCode } from '../exit-codes.ts';
import { statusMark } from '../view/status-mark.ts';
import { safeText } from '../view/text.ts';
import { connectAsAdmin } from './connect.ts';
import type { CtlFlags } from './ctl-flags.ts';
import { explainFailure } from './failures.ts';
import { findNamed } from './find-named.ts';
import { outputFormat } from './print.ts';

interface ActionFlags extends CtlFlags {
  yes?: true;
  force?: true;
}

/** `olla ctl endpoints drain|resume NAME` */
export async function changeEndpoint(
  flags: ActionFlags,
  action: 'drain' | 'resume',
  name: string,
): Promise<ExitCode> {
  const client = connectAsAdmin(flags);
  try {
    if (action === 'drain' && !flags.yes && canAsk()) await confirmDrain(client, name);
    const result = await (action === 'drain'
      ? client.drain(name, flags.force === true)
      : client.resume(name));
    printResult(flags, result, describe(result));
    return EXIT.ok;
  } catch (error) {
    throw explainFailure(error, hintFor(error, name));
  } finally {
    client.close();
  }
}

/** `olla ctl endpoints refresh` */
export async function refresh(flags: CtlFlags): Promise<ExitCode> {
  const client = connectAsAdmin(flags);
  try {
    printResult(flags, await client.refresh(), 'all endpoints are probed and list their models again');
    return EXIT.ok;
  } catch (error) {
    throw explainFailure(error);
  } finally {
    client.close();
  }
}

function hintFor(error: unknown, name: string): string | undefined {
  if (!(error instanceof AdminError)) return undefined;
  if (error.apiCode === 'LAST_HOST')
    return `Nothing was changed. To do it all the same: olla ctl endpoints drain ${name} --force`;
  return error.code === 'NOT_FOUND' ? 'olla ctl endpoints lists them.' : undefined;
}

function describe({ endpoint, action, changed, streams_left, models_lost }: EndpointActionBody): string {
  const name = safeText(endpoint);
  if (!changed) return `${name} was ${action === 'drain' ? 'drained' : 'serving'} already`;
  if (action === 'resume') return `${name} serves again`;
  const streams = `${streams_left} ${streams_left === 1 ? 'request' : 'requests'} still running there`;
  const lost =
    models_lost.length > 0 ? `; no other endpoint has ${models_lost.map(safeText).join(', ')}` : '';
  return `${name} gets nothing new, ${streams}${lost}`;
}

function printResult(flags: CtlFlags, body: object, words: string): void {
  const format = outputFormat(flags);
  if (format === 'json' || format === 'jsonl')
    process.stdout.write(`${JSON.stringify(body, null, format === 'json' ? 2 : 0)}\n`);
  else process.stdout.write(`${words}\n`);
}

/** Without a terminal nobody can be asked: the gateway's own refusal to drain a last host is the guard then. */
function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

async function confirmDrain(client: AdminClient, name: string): Promise<void> {
  const { endpoints } = await client.status();
  const endpoint = findNamed('endpoint', name, endpoints, (one) => one.name);
  const { word } = statusMark(endpoint.status);
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl+C and a closed terminal are a no.
  const left = new AbortController();
  terminal.once('SIGINT', () => left.abort()).once('close', () => left.abort());
  const question = `Drain ${safeText(name)} (${word}, ${endpoint.in_flight} in flight) for the whole cluster? [y/N] `;
  const answer = await terminal.question(question, { signal: left.signal }).catch(() => 'n');
  terminal.close();
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new CommandError(
    EXIT.refused,
    'NOT_CONFIRMED',
    'nothing was changed',
    'Skip the question with --yes.',
  );
}
