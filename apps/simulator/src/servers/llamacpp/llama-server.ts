import type { Model } from '../../model.ts';
import type { ServerState } from '../../server-state.ts';

/** The state of one llama.cpp server beside its engine. */
export interface LlamaServer {
  readonly state: ServerState;
  /** The one model it serves. It ignores the model that a request names. */
  readonly model: Model;
  /** Simulated time until which it answers 503. */
  readonly readyAt: number;
  /** Simulated time of its last token or finished response, for any request. */
  lastResultAt: number;
}
