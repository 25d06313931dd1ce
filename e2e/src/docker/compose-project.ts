import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { needProgram } from '@olla/testing/debian';
import { StartedProcess } from '@olla/testing/started-process';
import { tempFolder } from '@olla/testing/temp-folder';
import { REPOSITORY } from './build-image.ts';

const FOLDER = join(REPOSITORY, 'deploy/compose');
const COMMAND_MS = 120_000;

/** The containers of deploy/compose/compose.yaml, under a project name of the tests. */
export class ComposeProject {
  /** The URL of HAProxy. */
  static readonly url = 'http://127.0.0.1:40114';
  readonly #command = composeCommand();

  /** Starts all services with an image that was built before. */
  async up(): Promise<void> {
    await this.#run('up', '--detach');
  }

  async stop(service: string): Promise<void> {
    await this.#run('stop', service);
  }

  async down(): Promise<void> {
    await this.#run('down', '--volumes');
  }

  /** Id of the container of a service. */
  async containerOf(service: string): Promise<string> {
    return (await this.#run('ps', '--quiet', service)).trim();
  }

  async #run(...args: string[]): Promise<string> {
    const [program, ...first] = this.#command;
    const project = [`--project-name=olla-under-test`, `--project-directory=${FOLDER}`];
    const compose = await StartedProcess.start(program, [...first, ...project, ...args], {
      env: { OLLA_ADMIN_TOKEN: 'some-token-of-an-operator' },
    });
    const { code } = await compose.waitForEnd(COMMAND_MS);
    if (code !== 0) throw new Error(`compose ${args.join(' ')} ended with ${code}\n${compose.output}`);
    return compose.stdout;
  }
}

/** Docker's plugin if it is installed, else Debian's docker-compose. */
function composeCommand(): [program: string, ...args: string[]] {
  const docker = needProgram('docker', 'docker.io');
  const file = join(FOLDER, 'compose.yaml');
  if (spawnSync(docker, ['compose', 'version']).status === 0) return [docker, 'compose', '--file', file];
  // Version 1 does not know the file's `name`.
  const nameless = join(tempFolder(), 'compose.yaml');
  writeFileSync(nameless, readFileSync(file, 'utf8').replace(/^name: .*\n/m, ''));
  return [needProgram('docker-compose'), '--file', nameless];
}
