import { AdminError } from '@olla/admin-api/admin-error';
import type { AdminClient } from '@olla/admin-api/client';
import type { EndpointActionBody } from '@olla/admin-api/schema/actions';
import { escapeControlsInLines } from '@olla/core/control-characters';
import { CommandError } from '../command-error.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { statusMark } from '../view/status-mark.ts';
import { safeText } from '../view/text.ts';
import { connectAsAdmin } from './connect.ts';
import type { CtlFlags } from './ctl-flags.ts';
import { findNamed } from './find-named.ts';
import { outputFormat } from './print.ts';
import { toCommandError } from './to-command-error.ts';

interface ActionFlags extends CtlFlags {
  yes?: true;
  force?: true;
}

/** Runs `olla ctl endpoints drain NAME` or `resume NAME`. @throws CommandError */
export async function changeEndpoint(
  flags: ActionFlags,
  action: 'drain' | 'resume',
  name: string,
): Promise<ExitCode> {
  const client = connectAsAdmin(flags);
  try {
    if (action === 'drain' && !flags.yes && hasTerminal()) await confirmDrain(client, name);
    const result = await (action === 'drain'
      ? client.drain(name, flags.force === true)
      : client.resume(name));
    printResult(flags, result, describeResult(result));
    return EXIT.ok;
  } catch (error) {
    throw toCommandError(error, hintFor(error, name));
  } finally {
    client.close();
  }
}

/** Runs `olla ctl endpoints refresh`. @throws CommandError */
export async function refresh(flags: CtlFlags): Promise<ExitCode> {
  const client = connectAsAdmin(flags);
  try {
    printResult(flags, await client.refresh(), 'all endpoints are probed again');
    return EXIT.ok;
  } catch (error) {
    throw toCommandError(error);
  } finally {
    client.close();
  }
}

function hintFor(error: unknown, name: string): string | undefined {
  if (!(error instanceof AdminError)) return undefined;
  if (error.apiCode === 'LAST_HOST')
    return `Nothing was changed. To drain it anyway: olla ctl endpoints drain ${name} --force`;
  return error.code === 'NOT_FOUND' ? 'olla ctl endpoints lists the endpoints.' : undefined;
}

function describeResult({
  endpoint,
  action,
  changed,
  streams_left,
  models_lost,
}: EndpointActionBody): string {
  const name = safeText(endpoint);
  if (!changed) return `${name} is ${action === 'drain' ? 'drained' : 'serving'} already`;
  if (action === 'resume') return `${name} serves again`;
  const running = `${streams_left} running ${streams_left === 1 ? 'request' : 'requests'} will finish`;
  const lost =
    models_lost.length > 0 ? `; no other endpoint has ${models_lost.map(safeText).join(', ')}` : '';
  return `${name} gets no new requests; ${running}${lost}`;
}

function printResult(flags: CtlFlags, body: object, words: string): void {
  const format = outputFormat(flags);
  if (format === 'json' || format === 'jsonl')
    process.stdout.write(`${escapeControlsInLines(JSON.stringify(body, null, format === 'json' ? 2 : 0))}\n`);
  else process.stdout.write(`${escapeControlsInLines(words)}\n`);
}

/** Without a terminal there is no confirmation. The gateway still refuses to drain a model's last endpoint. */
function hasTerminal(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

async function confirmDrain(client: AdminClient, name: string): Promise<void> {
  const { endpoints } = await client.status();
  const endpoint = findNamed({ kind: 'endpoint', name }, endpoints, (one) => one.name);
  const { word } = statusMark(endpoint.status);
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl+C and a closed terminal count as no.
  const left = new AbortController();
  terminal.once('SIGINT', () => left.abort()).once('close', () => left.abort());
  const question = `Drain ${safeText(name)} (${word}, ${endpoint.in_flight} in flight) for the whole cluster? [y/N] `;
  const answer = await terminal.question(question, { signal: left.signal }).catch(() => 'n');
  terminal.close();
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new CommandError(EXIT.refused, 'NOT_CONFIRMED', 'nothing was changed', {
    hint: 'Skip the confirmation with --yes.',
  });
}
