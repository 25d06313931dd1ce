import type { SharedState } from '@olla/state/port';

/** What the agent uses of the shared state. */
export type AgentState = Pick<
  SharedState,
  | 'kind'
  | 'campaign'
  | 'resign'
  | 'readSnapshot'
  | 'onSnapshot'
  | 'publishSnapshot'
  | 'onEjection'
  | 'readControl'
  | 'onControl'
>;
