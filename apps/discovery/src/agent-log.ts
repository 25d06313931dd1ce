import type { Logger } from '@olla/telemetry/logger';

/** What the agent uses of a logger. */
export type AgentLog = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
