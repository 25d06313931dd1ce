import type { BackendStats } from './backend-context.ts';

/** Messages from the backend process to the controller. It replies to every message with `stats`. */
export type BackendMessage =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'stats'; readonly stats: BackendStats };
