import type { IncomingHttpHeaders } from 'node:http';
import type { Settings } from '@olla/config/schema';
import { encodeHeaderValue } from '@olla/core/http/encode-header-value';
import type { EndpointView } from '@olla/core/route-plan/endpoint-view';
import type { SessionCounters } from '@olla/core/statistics';
import type { SessionLookup } from '@olla/core/sticky/place-session';
import { OpeningScanner } from '@olla/core/sticky/opening-scanner';
import { needsOpening, sessionKey, type SessionSource } from '@olla/core/sticky/session-key';
import { SessionTable } from '@olla/core/sticky/session-table';
import type { SessionPort } from '@olla/state/ports/sessions';
import type { RequestBody } from '../request/request-body.ts';

/** Longest X-Olla-Session-ID that a response returns. */
const MAX_ECHOED = 256;

/** The identity of a request's session. */
export interface TurnInput {
  readonly headers: IncomingHttpHeaders;
  readonly clientAddress: string;
  readonly model: string;
  readonly body: Pick<RequestBody, 'opening'>;
}

/** The endpoints of conversations, as this worker and the others placed them. One a worker, if sessions are sticky. */
export class Sessions {
  readonly #sources: readonly SessionSource[];
  readonly #port: SessionPort;
  readonly #table: SessionTable;
  readonly #unsubscribe: () => void;
  #insertions = 0;
  #hits = 0;
  #misses = 0;

  constructor(settings: Settings['proxy']['sticky_sessions'], port: SessionPort) {
    this.#sources = settings.key_sources;
    this.#port = port;
    this.#table = new SessionTable(settings.max_sessions, settings.idle_ttl_seconds * 1000);
    this.#unsubscribe = port.onPlacements((placements) => {
      const now = Date.now();
      for (const [session, endpoint] of placements) this.#table.place(session, endpoint, now);
    });
  }

  /** A scanner for the opening of a conversation in a request's body; null if it would not identify the session. */
  openingScanner(headers: IncomingHttpHeaders): OpeningScanner | null {
    const marks = { sessionId: sessionIdOf(headers), authorization: headers.authorization };
    return needsOpening(marks, this.#sources) ? new OpeningScanner() : null;
  }

  /** The turn of a session that a request is; without a key if nothing identifies its session. */
  turn({ headers, clientAddress, model, body }: TurnInput): SessionTurn {
    const sessionId = sessionIdOf(headers);
    const found = sessionKey(
      {
        sessionId,
        authorization: headers.authorization,
        address: clientAddress,
        model,
        opening: body.opening,
      },
      this.#sources,
    );
    if (found === null) return new SessionTurn(this, null, null, null);
    const lookup = { key: found.key, at: this.#table.find(found.key, Date.now()) };
    return new SessionTurn(this, lookup, found.source, found.source === 'session_header' ? sessionId : null);
  }

  /** A turn goes to an endpoint. */
  place({ key, at }: SessionLookup, endpointKey: string): void {
    if (at === null) {
      this.#misses += 1;
      this.#insertions += 1;
    } else this.#hits += 1;
    this.move(key, endpointKey);
  }

  /** A turn went to another endpoint than planned. */
  move(key: string, endpointKey: string): void {
    if (this.#table.place(key, endpointKey, Date.now())) this.#port.place(key, endpointKey);
  }

  report(): SessionCounters {
    return {
      active: this.#table.size(Date.now()),
      insertions: this.#insertions,
      hits: this.#hits,
      misses: this.#misses,
      evictions: this.#table.evictions,
    };
  }

  close(): void {
    this.#unsubscribe();
  }
}

/** One request as a turn of its session. */
export class SessionTurn {
  /** Null if nothing identified the session. */
  readonly lookup: SessionLookup | null;
  readonly #sessions: Sessions;
  readonly #source: SessionSource | null;
  readonly #sessionId: string | null | undefined;
  #placedAt: string | null = null;

  constructor(
    sessions: Sessions,
    lookup: SessionLookup | null,
    source: SessionSource | null,
    sessionId: string | null | undefined,
  ) {
    this.#sessions = sessions;
    this.lookup = lookup;
    this.#source = source;
    this.#sessionId = sessionId;
  }

  /** The plan sends it there first. Published to the others before the response can lead to the next turn. */
  planned(endpoint: Pick<EndpointView, 'key'>): void {
    if (this.lookup === null) return;
    this.#placedAt = endpoint.key;
    this.#sessions.place(this.lookup, endpoint.key);
  }

  /** This endpoint responds to it. @returns flat headers about it */
  respondedBy(endpoint: Pick<EndpointView, 'key'>): readonly string[] {
    if (this.lookup === null || this.#source === null) return ['X-Olla-Sticky-Session', 'disabled'];
    if (this.#placedAt !== endpoint.key) this.#sessions.move(this.lookup.key, endpoint.key);
    const { at } = this.lookup;
    const headers = [
      'X-Olla-Sticky-Session',
      at === null ? 'miss' : at === endpoint.key ? 'hit' : 'repin',
      'X-Olla-Sticky-Key-Source',
      this.#source,
    ];
    if (this.#sessionId)
      headers.push('X-Olla-Session-ID', encodeHeaderValue(this.#sessionId.slice(0, MAX_ECHOED)));
    return headers;
  }
}

function sessionIdOf(headers: IncomingHttpHeaders): string | undefined {
  const given = headers['x-olla-session-id'];
  return typeof given === 'string' ? given : undefined;
}
