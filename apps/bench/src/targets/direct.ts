import type { Target } from './target.ts';

/** No program between client and backend: what the others' latency is measured above. */
export const direct: Target = {
  name: 'direct',
  description: 'the generator connected to the backend itself',
  hasProcess: false,
  canReject: false,
  start: async ({ backendPort }) => ({ port: backendPort, path: '/v1/chat/completions', child: undefined }),
};
