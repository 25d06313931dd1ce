import type {
  BodySink,
  BodySource,
  Upstream,
  UpstreamCall,
  UpstreamFailure,
  UpstreamListener,
  UpstreamRequest,
} from '../src/upstream.ts';

/** One event of a listener: `head 200`, `quiet`, `data`, `end` or `failure reset`. */
export type AttemptEvent = string;

export interface AttemptOptions extends Partial<UpstreamRequest> {
  /** Called at each event, before it is recorded; `false` for data holds the backend back. */
  readonly onEvent?: (event: 'head' | 'quiet' | 'data', call: UpstreamCall) => boolean | void;
}

/** One attempt of a test, and a record of its events in their order. */
export class Attempt implements UpstreamListener {
  readonly call: UpstreamCall;
  /** Resolves at the end or the failure. */
  readonly over: Promise<this>;
  readonly allEvents: AttemptEvent[] = [];
  status = 0;
  rawHeaders: string[] = [];
  body = '';
  failure: UpstreamFailure | null = null;
  ended = false;
  #resolve!: (self: this) => void;
  readonly #onEvent: AttemptOptions['onEvent'];

  constructor(upstream: Upstream, options: AttemptOptions = {}) {
    const { onEvent, ...request } = options;
    this.#onEvent = onEvent;
    this.over = new Promise((resolve) => (this.#resolve = resolve));
    this.call = upstream.dispatch(
      { method: 'GET', path: '/', headers: ['Host', 'x'], body: null, freshConnection: false, ...request },
      this,
    );
  }

  /** All events but `quiet`, whose number depends on how the bytes arrive. */
  get events(): AttemptEvent[] {
    return this.allEvents.filter((event) => event !== 'quiet');
  }

  onHead(status: number, rawHeaders: string[]): void {
    this.#onEvent?.('head', this.call);
    this.allEvents.push(`head ${status}`);
    this.status = status;
    this.rawHeaders = rawHeaders;
  }

  onQuiet(): void {
    this.#onEvent?.('quiet', this.call);
    this.allEvents.push('quiet');
  }

  onData(chunk: Buffer): boolean {
    const more = this.#onEvent?.('data', this.call);
    // Bytes of one body may come in any number of pieces.
    if (!this.allEvents.at(-1)?.startsWith('data')) this.allEvents.push('data');
    this.body += chunk.toString('latin1');
    return more !== false;
  }

  onEnd(): void {
    this.allEvents.push('end');
    this.ended = true;
    this.#resolve(this);
  }

  onFailure(failure: UpstreamFailure): void {
    this.allEvents.push(`failure ${failure.kind}`);
    this.failure = failure;
    this.#resolve(this);
  }
}

/** Makes an attempt and waits until it is over. */
export function attempt(upstream: Upstream, options?: AttemptOptions): Promise<Attempt> {
  return new Attempt(upstream, options).over;
}

/** A body whose pieces the test sends one by one. */
export class TestSource implements BodySource {
  isRepeatable = false;
  readonly started: Promise<BodySink>;
  isStarted = false;
  /** Calls of `resume`. */
  resumed = 0;
  stopped = false;
  #start!: (sink: BodySink) => void;
  readonly #onStart: ((sink: BodySink) => void) | undefined;
  readonly #onResume: (() => void) | undefined;

  constructor(onStart?: (sink: BodySink) => void, onResume?: () => void) {
    this.#onStart = onStart;
    this.#onResume = onResume;
    this.started = new Promise((resolve) => (this.#start = resolve));
  }

  /** A body that sends all its pieces as soon as it is started. */
  static of(...pieces: readonly string[]): TestSource {
    return new TestSource((sink) => {
      for (const piece of pieces) sink.data(Buffer.from(piece));
      sink.end();
    });
  }

  start(sink: BodySink): void {
    this.isStarted = true;
    this.#onStart?.(sink);
    this.#start(sink);
  }

  resume(): void {
    this.resumed += 1;
    this.#onResume?.();
  }

  stop(): void {
    this.stopped = true;
  }
}
