import type { Child } from '../host/children.ts';

/** What a target is started with. */
export interface TargetContext {
  readonly backendPort: number;
  readonly core: number;
  /** A folder of this run for configuration and output; removed at its end. */
  readonly folder: string;
  /** Whether it shall refuse nearly every request, for the workload that measures refusals. */
  readonly rejecting: boolean;
}

/** A program to compare, or the direct connection. */
export interface Target {
  readonly name: string;
  /** One line for the report: version, settings that matter. */
  readonly description: string;
  /** False for the direct connection. */
  readonly hasProcess: boolean;
  /** Whether it can be made to refuse requests. */
  readonly canReject: boolean;
  /** Starts the program; rejects with a message for people. */
  start(context: TargetContext): Promise<RunningTarget>;
}

export interface RunningTarget {
  readonly port: number;
  /** Of the chat completions. */
  readonly path: string;
  /** Undefined for the direct connection: there is no program between. */
  readonly child: Child | undefined;
}

export class TargetFailed extends Error {
  readonly code = 'TARGET_FAILED';

  constructor(name: string, what: string, output = '') {
    super(`${name} ${what}${output === '' ? '' : `; it printed:\n${output.replace(/^/gm, '    ')}`}`);
    this.name = 'TargetFailed';
  }
}
