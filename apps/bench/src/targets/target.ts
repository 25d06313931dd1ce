import type { Child } from '../host/children.ts';

/** The parameters of a target's start. */
export interface TargetContext {
  readonly backendPort: number;
  readonly core: number;
  /** The run's folder for configuration and output, which is removed at its end. */
  readonly folder: string;
  /** Refuse nearly every request, for the workload that measures refusals. */
  readonly rejecting: boolean;
}

/** A program to compare, or the direct connection. */
export interface Target {
  readonly name: string;
  /** One line for the report, with the version and the settings that matter. */
  readonly description: string;
  /** False for the direct connection. */
  readonly hasProcess: boolean;
  /** It can be configured to refuse requests. */
  readonly canReject: boolean;
  /** Starts the program. Rejects with TargetFailed. */
  start(context: TargetContext): Promise<RunningTarget>;
}

export interface RunningTarget {
  readonly port: number;
  /** The path of chat completions. */
  readonly path: string;
  /** Undefined for the direct connection, which has no program. */
  readonly child: Child | undefined;
}

/** A target that did not start or exited. The message holds its output. */
export class TargetFailed extends Error {
  readonly code = 'TARGET_FAILED';

  constructor(name: string, what: string, output = '') {
    super(`${name} ${what}${output === '' ? '' : `; it printed:\n${output.replace(/^/gm, '    ')}`}`);
    this.name = 'TargetFailed';
  }
}
