import type { Exchange } from '../../http/exchange.ts';
import type { ServerState } from '../../server-state.ts';
import type { ApiVariant } from './api-variant.ts';
import { serveEmbeddings } from './embeddings.ts';
import { serveGeneration } from './generation.ts';
import { sendJson } from './send.ts';

export type Handler = (exchange: Exchange, state: ServerState) => void | Promise<void>;

/** Handlers by `METHOD path`. */
export type Routes = Readonly<Record<string, Handler>>;

/** The routes of generation and embeddings under the variant's base. */
export function openAiRoutes(variant: ApiVariant): Routes {
  return {
    [`POST ${variant.base}/chat/completions`]: (exchange, state) =>
      serveGeneration(exchange, state, { variant, api: 'chat' }),
    [`POST ${variant.base}/completions`]: (exchange, state) =>
      serveGeneration(exchange, state, { variant, api: 'completion' }),
    [`POST ${variant.base}/embeddings`]: (exchange, state) => serveEmbeddings(exchange, state, variant),
  };
}

export interface RouterOptions {
  readonly routes: Routes;
  readonly variant: ApiVariant;
  /** Paths that need no API key. */
  readonly publicPaths: readonly string[];
  readonly unauthorized: { readonly status: number; readonly body: unknown };
  /** Answers an unknown path. Default: the 404 or 405 of FastAPI. */
  readonly unknownPath?: (exchange: Exchange) => void;
}

export function createRouter(options: RouterOptions): Handler {
  const { routes, variant, publicPaths, unauthorized, unknownPath } = options;
  return (exchange, state) => {
    const { apiKey } = state.spec;
    const { authorization } = exchange.headers;
    if (
      apiKey !== undefined &&
      !publicPaths.includes(exchange.path) &&
      authorization !== `Bearer ${apiKey}`
    ) {
      return sendJson(exchange, variant, unauthorized.status, unauthorized.body);
    }
    const method = exchange.method === 'HEAD' ? 'GET' : exchange.method;
    const handler = routes[`${method} ${exchange.path}`];
    if (handler !== undefined) return handler(exchange, state);
    if (unknownPath !== undefined) return unknownPath(exchange);
    const known = Object.keys(routes).some((route) => route.endsWith(` ${exchange.path}`));
    sendJson(exchange, variant, known ? 405 : 404, { detail: known ? 'Method Not Allowed' : 'Not Found' });
  };
}
