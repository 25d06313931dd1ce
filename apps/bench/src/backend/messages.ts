import type { BackendStats } from './context.ts';

/** What the backend process sends to the controller; any message to it asks for `stats`. */
export type BackendMessage =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'stats'; readonly stats: BackendStats };
