import type { Target } from './target.ts';

/** No program between client and backend: the baseline of added latency. */
export const direct: Target = {
  name: 'direct',
  description: 'the generator connected to the backend itself',
  hasProcess: false,
  canReject: false,
  start: async ({ backendPort }) => ({ port: backendPort, path: '/v1/chat/completions', child: undefined }),
};
