export type OutputFormat = 'table' | 'wide' | 'json' | 'yaml' | 'jsonl' | 'name';

/** The flags of all `olla ctl` commands. */
export interface CtlFlags {
  gateway?: string;
  output: OutputFormat;
  json?: true;
  tokenFile?: string;
  insecure?: true;
  color: 'auto' | 'always' | 'never';
  /** Text of the flag, in seconds. */
  timeout: string;
}
