/** What the agent needs of a log: a message for people, fields for machines. */
export interface AgentLog {
  debug(
    message: string,
    fields?: Readonly<Record<string, string | number | boolean | null | undefined>>,
  ): void;
  info(
    message: string,
    fields?: Readonly<Record<string, string | number | boolean | null | undefined>>,
  ): void;
  warn(
    message: string,
    fields?: Readonly<Record<string, string | number | boolean | null | undefined>>,
  ): void;
  error(
    message: string,
    fields?: Readonly<Record<string, string | number | boolean | null | undefined>>,
  ): void;
}
