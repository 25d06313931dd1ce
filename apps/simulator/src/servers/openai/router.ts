import type { Exchange } from '../../http/exchange.ts';
import type { ServerState } from '../../server-state.ts';
import { serveEmbeddings } from './embeddings.ts';
import type { Flavour } from './flavour.ts';
import { serveOpenAi } from './generation.ts';
import { sendJson } from './send.ts';

export type Serve = (exchange: Exchange, state: ServerState) => void | Promise<void>;

/** By `METHOD path`. */
export type Routes = Readonly<Record<string, Serve>>;

/** Generation and embeddings under the flavour's base. */
export function openAiRoutes(flavour: Flavour): Routes {
  return {
    [`POST ${flavour.base}/chat/completions`]: (exchange, state) =>
      serveOpenAi(exchange, state, flavour, 'chat'),
    [`POST ${flavour.base}/completions`]: (exchange, state) =>
      serveOpenAi(exchange, state, flavour, 'completion'),
    [`POST ${flavour.base}/embeddings`]: (exchange, state) => serveEmbeddings(exchange, state, flavour),
  };
}

export interface RouterOptions {
  readonly routes: Routes;
  readonly flavour: Flavour;
  /** Paths that need no key. */
  readonly open: readonly string[];
  readonly unauthorized: { readonly status: number; readonly body: unknown };
  /** What is answered to a path nobody knows; FastAPI's 404 without it. */
  readonly unknownPath?: (exchange: Exchange) => void;
}

export function createRouter({ routes, flavour, open, unauthorized, unknownPath }: RouterOptions): Serve {
  return (exchange, state) => {
    const { apiKey } = state.spec;
    if (
      apiKey !== undefined &&
      !open.includes(exchange.path) &&
      exchange.headers.authorization !== `Bearer ${apiKey}`
    ) {
      return sendJson(exchange, flavour, unauthorized.status, unauthorized.body);
    }
    const method = exchange.method === 'HEAD' ? 'GET' : exchange.method;
    const serve = routes[`${method} ${exchange.path}`];
    if (serve !== undefined) return serve(exchange, state);
    if (unknownPath !== undefined) return unknownPath(exchange);
    const known = Object.keys(routes).some((route) => route.endsWith(` ${exchange.path}`));
    sendJson(exchange, flavour, known ? 405 : 404, { detail: known ? 'Method Not Allowed' : 'Not Found' });
  };
}
