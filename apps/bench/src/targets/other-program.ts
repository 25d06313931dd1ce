import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { startPinned } from '../host/children.ts';
import { findFreePort } from '../host/ports.ts';
import { TargetFailed, type Target } from './target.ts';

/** Another gateway, from the flags --compare, --compare-config and --compare-path. */
export interface OtherProgram {
  readonly name: string;
  /** A shell command, which may hold {port}, {backend} and {config}. */
  readonly command: string;
  /** A file, which may hold {port} and {backend}. Undefined when the program needs none. */
  readonly configTemplate: string | undefined;
  readonly path: string;
}

export function createOtherProgram(program: OtherProgram): Target {
  return {
    name: program.name,
    description: `${program.command}, given with --compare`,
    hasProcess: true,
    canReject: false,
    async start(context) {
      const port = await findFreePort();
      const folder = await mkdtemp(join(context.folder, `${basename(program.name)}-`));
      const values = { port: String(port), backend: `http://127.0.0.1:${context.backendPort}` };
      const config = join(folder, basename(program.configTemplate ?? 'config'));
      if (program.configTemplate !== undefined) {
        const template = await readFile(program.configTemplate, 'utf8').catch((error: unknown) => {
          throw new TargetFailed(program.name, `has no readable --compare-config: ${String(error)}`);
        });
        await writeFile(config, fillPlaceholders(template, values));
      }
      const child = await startPinned({
        core: context.core,
        command: ['sh', '-c', `exec ${fillPlaceholders(program.command, { ...values, config })}`],
        outputFile: join(folder, 'output.log'),
      });
      return { port, path: program.path, child };
    },
  };
}

/** Replaces `{name}` for each name that has a value. Other braces stay. */
export function fillPlaceholders(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}
