import type {
  BodySink,
  BodySource,
  Upstream,
  UpstreamCall,
  UpstreamFailure,
  UpstreamListener,
  UpstreamRequest,
} from '../src/upstream.ts';

/** What a listener was told, in order: `head 200`, `quiet`, `data abc`, `end`, `failure reset`. */
export type Told = string;

export interface AttemptOptions extends Partial<UpstreamRequest> {
  /** Called at each event, before it is recorded; `false` for data holds the backend back. */
  readonly onEvent?: (event: 'head' | 'quiet' | 'data', call: UpstreamCall) => boolean | void;
}

/** One attempt that a test makes, and all that came of it. */
export class Attempt implements UpstreamListener {
  readonly call: UpstreamCall;
  /** Resolves at the end or the failure. */
  readonly over: Promise<this>;
  readonly told: Told[] = [];
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

  /** What was told, without `quiet`, whose number depends on how the bytes arrive. */
  get events(): Told[] {
    return this.told.filter((event) => event !== 'quiet');
  }

  onHead(status: number, rawHeaders: string[]): void {
    this.#onEvent?.('head', this.call);
    this.told.push(`head ${status}`);
    this.status = status;
    this.rawHeaders = rawHeaders;
  }

  onQuiet(): void {
    this.#onEvent?.('quiet', this.call);
    this.told.push('quiet');
  }

  onData(chunk: Buffer): boolean {
    const more = this.#onEvent?.('data', this.call);
    // Bytes of one body may come in any number of pieces.
    if (!this.told.at(-1)?.startsWith('data')) this.told.push('data');
    this.body += chunk.toString('latin1');
    return more !== false;
  }

  onEnd(): void {
    this.told.push('end');
    this.ended = true;
    this.#resolve(this);
  }

  onFailure(failure: UpstreamFailure): void {
    this.told.push(`failure ${failure.kind}`);
    this.failure = failure;
    this.#resolve(this);
  }
}

/** Makes an attempt and waits until it is over. */
export function attempt(upstream: Upstream, options?: AttemptOptions): Promise<Attempt> {
  return new Attempt(upstream, options).over;
}

/** A body in pieces that a test hands out by itself. */
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

  /** A body of these pieces, whole. */
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
