import { profileOrDefault } from '@olla/backends/table';
import { modelToken, spliceChunks, spliceDelta } from '@olla/core/body/splice-model';
import { OllaError } from '@olla/core/errors';
import { encodeHeaderValue } from '@olla/core/http/encode-header-value';
import { backendHeaders, clientHeaders } from '@olla/core/http/headers';
import type { Candidate, RouteScope } from '@olla/core/route-plan/fleet-view';
import type { RoutedPlan } from '@olla/core/route-plan/plan-route';
import type { AttemptTrace, RequestTrace } from '@olla/telemetry/tracing/request-trace';
import type { UpstreamFailure } from '@olla/upstream/upstream';
import { BodyStream } from './body-stream.ts';
import type { Exchange } from '../request/exchange.ts';
import type { Endpoint, Fleet } from '../fleet/fleet.ts';
import { bodyToSend, letGoOf, type ReadBody } from '../request/read-body.ts';
import { Relay, type AttemptResult } from './relay.ts';
import { backendPath } from '../request/scopes.ts';
import { endAttempt, noteHead } from '../observe/trace-request.ts';

export interface ForwardRules {
  readonly fleet: Fleet;
  readonly retryStatuses: ReadonlySet<number>;
  readonly maxBodyBytes: number;
  readonly maxResponseMs: number;
}

/**
 * Attempts beyond the first that may wait for an answer: enough to get past a server that died, few enough that one
 * request which kills its servers does not visit all of them. Refused connections cost nothing and do not count.
 */
const MAX_COSTLY_RETRIES = 2;

/**
 * Sends a request to its candidates in their order, until one begins to answer; then relays that answer. The count in
 * flight is given back when the attempt is over, however it ends.
 *
 * @throws OllaError BACKEND_ERROR, BACKEND_TIMEOUT if no candidate answered; whatever the body's own limits say
 */
export async function forward(
  exchange: Exchange,
  scope: RouteScope,
  plan: RoutedPlan,
  body: ReadBody,
  path: string,
  rules: ForwardRules,
): Promise<void> {
  let costly = 0;
  for (let i = 0; i < plan.candidates.length; i += 1) {
    const candidate = plan.candidates[i] as Candidate;
    const isLast = i === plan.candidates.length - 1;
    const attempt = new Attempt(
      exchange,
      candidate,
      body,
      path,
      rules,
      !isLast && costly < MAX_COSTLY_RETRIES,
    );
    const result = await attempt.run();
    if (result.kind !== 'failed' && result.kind !== 'refused') return;
    if (attempt.bodyError !== null) throw attempt.bodyError;
    const refusedConnection = result.kind === 'failed' && result.failure.kind === 'connect';
    if (!refusedConnection) costly += 1;
    if (isLast || attempt.bodySpent || costly > MAX_COSTLY_RETRIES)
      throw failureError(candidate.endpoint.name, result, i + 1, scope.label);
    exchange.retries += 1;
  }
}

/** One try at one endpoint; a second time on a fresh connection if the first crossed the closing of an idle one. */
class Attempt {
  /** The request's own body was at fault: too large, or broken off by the client. */
  bodyError: OllaError | null = null;
  /** The body was read from the client and cannot be sent again. */
  bodySpent = false;
  readonly #exchange: Exchange;
  readonly #candidate: Candidate;
  readonly #body: ReadBody;
  readonly #path: string;
  readonly #rules: ForwardRules;
  readonly #mayTryElsewhere: boolean;
  readonly #endpoint: Endpoint;

  constructor(
    exchange: Exchange,
    candidate: Candidate,
    body: ReadBody,
    path: string,
    rules: ForwardRules,
    mayTryElsewhere: boolean,
  ) {
    this.#exchange = exchange;
    this.#candidate = candidate;
    this.#body = body;
    this.#path = path;
    this.#rules = rules;
    this.#mayTryElsewhere = mayTryElsewhere;
    this.#endpoint = rules.fleet.endpoints.get(candidate.endpoint.name) as Endpoint;
  }

  async run(): Promise<AttemptResult> {
    const { fleet } = this.#rules;
    const view = this.#candidate.endpoint;
    const exchange = this.#exchange;
    exchange.endpoint = view.name;
    exchange.backendType = profileOrDefault(view.type).contractName;
    if (this.#candidate.model !== null) exchange.model = this.#candidate.model;
    const startedAt = Date.now();
    fleet.acquire(view);
    try {
      let result = await this.#send(false);
      if (result.kind === 'failed' && isStaleConnection(result.failure) && !this.bodySpent)
        result = await this.#send(true);
      this.#judge(result, startedAt);
      return result;
    } finally {
      fleet.release(view);
    }
  }

  async #send(freshConnection: boolean): Promise<AttemptResult> {
    const exchange = this.#exchange;
    const endpoint = this.#endpoint;
    const view = this.#candidate.endpoint;
    const { chunks, length } = this.#payload();
    const body = bodyToSend(exchange.request, chunks, this.#body.unfinished, this.#rules.maxBodyBytes);
    const relay = new Relay(exchange, {
      endpoint: view.name,
      tryElsewhere: (status) => this.#mayTryElsewhere && this.#rules.retryStatuses.has(status),
      responseHeaders: (_status, raw) => {
        if (traced !== null) noteHead(traced, raw);
        letGoOf(this.#body);
        return this.#responseHeaders(raw);
      },
      maxResponseMs: this.#rules.maxResponseMs,
      onEnd: (result) => {
        if (traced !== null) endAttempt(traced, result);
      },
    });
    const peerAddress = exchange.request.socket.remoteAddress;
    const headers = backendHeaders(exchange.request.rawHeaders, {
      host: endpoint.host,
      clientAddress: exchange.address,
      peerAddress,
      peerTrusted: exchange.peerTrusted,
      forwardedHost: exchange.request.headers.host ?? '',
      requestId: exchange.id,
      credentials: endpoint.credentials,
      withheld: profileOrDefault(view.type).requestHeaders.drop,
      contentLength: length,
    });
    const path = endpoint.basePath + backendPath(profileOrDefault(view.type), this.#path);
    const traced = exchange.trace === null ? null : this.#startTraced(exchange.trace, headers, path);
    exchange.whenClientLeaves(() => relay.stop());
    relay.attach(
      endpoint.upstream.dispatch(
        {
          method: exchange.method,
          path: path + exchange.query,
          headers,
          body,
          freshConnection,
        },
        relay,
      ),
    );
    const result = await relay.done;
    if (body instanceof BodyStream) {
      this.bodySpent = body.consumed;
      this.bodyError = body.failure;
      exchange.bytesIn = body.bytes;
      body.stop();
    }
    return result;
  }

  /** Puts the attempt's own context into its headers. @returns null if it is not sampled */
  #startTraced(trace: RequestTrace, headers: string[], path: string): AttemptTrace | null {
    const attempt = trace.startAttempt(headers);
    if (attempt === null) return null;
    const { endpoint: view, model } = this.#candidate;
    const { ask } = this.#body;
    const scheme = this.#endpoint.settings.url.startsWith('https:') ? 'https' : 'http';
    attempt.target = {
      endpoint: view.name,
      provider: view.type,
      url: `${scheme}://${this.#endpoint.host}${path}`,
      method: this.#exchange.method,
      requestModel: ask?.model ?? null,
      responseModel: model ?? ask?.model ?? null,
    };
    return attempt;
  }

  /** The body with the model's name as this endpoint has it; every other byte as it came. */
  #payload(): { chunks: readonly Buffer[]; length: number | null } {
    const { ask, encoding, chunks, length } = this.#body;
    const { rewrite, model } = this.#candidate;
    if (!rewrite || model === null || ask === null || ask.modelStart < 0) return { chunks, length };
    const token = modelToken(model, encoding);
    const spliced = spliceChunks(chunks, ask.modelStart, ask.modelEnd, token) as Buffer[];
    return {
      chunks: spliced,
      length: length === null ? null : length + spliceDelta(ask.modelStart, ask.modelEnd, token),
    };
  }

  #responseHeaders(raw: readonly string[]): string[] {
    const exchange = this.#exchange;
    const headers = clientHeaders(raw, this.#endpoint.credentials);
    headers.push(
      'X-Olla-Endpoint',
      this.#candidate.endpoint.name,
      'X-Olla-Backend-Type',
      exchange.backendType ?? '',
    );
    if (exchange.model !== null) headers.push('X-Olla-Model', encodeHeaderValue(exchange.model));
    if (exchange.session !== null) headers.push(...exchange.session.answeredBy(this.#candidate.endpoint));
    return headers;
  }

  /** What the attempt says of the endpoint. A client that left says nothing. */
  #judge(result: AttemptResult, startedAt: number): void {
    const { fleet } = this.#rules;
    const view = this.#candidate.endpoint;
    if (this.bodyError !== null) return;
    switch (result.kind) {
      case 'relayed':
      case 'refused':
        fleet.answered(view, result.status, startedAt);
        break;
      case 'broken':
        fleet.answered(view, 502, startedAt);
        break;
      case 'failed':
        if (result.failure.kind === 'connect')
          fleet.connectionFailed(view, `connection failed (${result.failure.code})`, startedAt);
        else if (result.failure.kind !== 'request')
          fleet.answered(view, isTimeout(result.failure) ? 504 : 502, startedAt);
        break;
      case 'client_left':
        break;
    }
  }
}

function isTimeout({ kind }: UpstreamFailure): boolean {
  return kind === 'head_timeout' || kind === 'total_timeout';
}

function isStaleConnection(failure: UpstreamFailure): boolean {
  return failure.kind === 'reset' && failure.reused;
}

function failureError(
  endpoint: string,
  result: Extract<AttemptResult, { kind: 'failed' | 'refused' }>,
  attempts: number,
  route: string,
): OllaError {
  const others = attempts > 1 ? `, the last of ${attempts} endpoints that were tried` : '';
  if (result.kind === 'refused')
    return new OllaError('BACKEND_ERROR', `endpoint ${endpoint}${others} answered ${result.status}`);
  const { kind, code, cause } = result.failure;
  const say = (text: string): string => `endpoint ${endpoint}${others} ${text}`;
  switch (kind) {
    case 'connect':
      return new OllaError(
        'BACKEND_ERROR',
        `${say(`cannot be reached (${code})`)}. GET /internal/status shows the state of ${route}`,
        { cause },
      );
    case 'head_timeout':
      return new OllaError('BACKEND_TIMEOUT', say('sent no answer within proxy.response_header_timeout'), {
        cause,
      });
    case 'body_timeout':
      return new OllaError('BACKEND_TIMEOUT', say('was silent for longer than proxy.read_timeout'), {
        cause,
      });
    case 'total_timeout':
      return new OllaError('BACKEND_TIMEOUT', say('took longer than proxy.response_timeout'), { cause });
    case 'protocol':
      return new OllaError('BACKEND_ERROR', say('sent what is not HTTP'), { cause });
    case 'request':
      return new OllaError('BAD_REQUEST', 'the request holds what HTTP does not allow to be passed on', {
        cause,
      });
    case 'reset':
    case 'truncated':
      return new OllaError('BACKEND_ERROR', say(`closed the connection before it answered (${code})`), {
        cause,
      });
  }
}
