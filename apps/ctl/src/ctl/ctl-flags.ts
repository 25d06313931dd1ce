export type OutputFormat = 'table' | 'wide' | 'json' | 'yaml' | 'jsonl' | 'name';

/** Flags that every `olla ctl` command has. */
export interface CtlFlags {
  gateway?: string;
  output: OutputFormat;
  json?: true;
  tokenFile?: string;
  insecure?: true;
  color: 'auto' | 'always' | 'never';
  /** Seconds, as typed. */
  timeout: string;
}
