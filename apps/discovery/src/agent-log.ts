import type { Logger } from '@olla/telemetry/logger';

/** The part of a logger that the agent uses. */
export type AgentLog = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
