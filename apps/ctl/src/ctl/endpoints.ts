import type { StatusEndpoint } from '@olla/admin-api/schema/status';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { endpointColumns } from '../view/endpoint-columns.ts';
import { connect } from './connect.ts';
import type { CtlFlags } from './ctl-flags.ts';
import { findNamed } from './find-named.ts';
import { print } from './print.ts';
import { withCommandErrors } from './to-command-error.ts';

/** Runs `olla ctl endpoints [name]`. @throws CommandError */
export async function showEndpoints(flags: CtlFlags, name: string | undefined): Promise<ExitCode> {
  const client = connect(flags);
  try {
    const { endpoints } = await withCommandErrors(() => client.status());
    const rows =
      name === undefined ? endpoints : [findNamed({ kind: 'endpoint', name }, endpoints, (one) => one.name)];
    await print<StatusEndpoint>(flags, {
      body: name === undefined ? rows : rows[0],
      items: rows,
      columns: endpointColumns(false),
      rows,
      name: (endpoint) => endpoint.name,
    });
    return EXIT.ok;
  } finally {
    client.close();
  }
}
