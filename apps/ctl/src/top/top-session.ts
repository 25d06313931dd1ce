import type { AdminClient } from '@olla/admin-api/client';
import { questionAbout, modelsLost } from './drain-question.ts';
import { advance, EMPTY_HISTORY, type History, type Sample } from './history.ts';
import { layoutScreen } from './layout-screen.ts';
import { pressKey, type Effect, type Press } from './press-key.ts';
import { initialUi, type Notice, type UiState } from './ui-state.ts';
import type { Size, View } from './view.ts';

export interface TopOptions {
  readonly client: AdminClient;
  /** A client with the admin token; throws where there is none. */
  readonly admin: () => AdminClient;
  readonly intervalMs: number;
  readonly ascii: boolean;
  readonly onQuit: () => void;
  readonly onSuspend: () => void;
}

/** Models are listed under the limits of traffic: rarely enough to leave these to the clients. */
const MODELS_EVERY_MS = 5_000;
const TICK_MS = 1_000;
/** How long the outcome of an action stays in the place of the keys. */
const NOTICE_MS = 6_000;

/**
 * A running `top`: reads the gateway, takes keys, and holds the view. Knows nothing of the terminal, so that a test
 * drives it as the screen does.
 */
export class TopSession {
  readonly #options: TopOptions;
  readonly #listeners = new Set<() => void>();
  #history: History = EMPTY_HISTORY;
  #ui: UiState;
  #failure: string | null = null;
  #view: View;
  #timer: NodeJS.Timeout | null = null;
  #ticker: NodeJS.Timeout | null = null;
  #noticeTimer: NodeJS.Timeout | null = null;
  #reading = false;
  #modelsReadAt = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(options: TopOptions) {
    this.#options = options;
    this.#ui = initialUi(options.intervalMs);
    this.#view = this.#newView(EMPTY_HISTORY);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly view = (): View => this.#view;

  /** Begins to read with a first sample that was taken already. */
  start(first: Sample): void {
    this.#take(first);
    this.#schedule();
    this.#ticker = setInterval(() => {
      if (performance.now() - this.#history.receivedMs > this.#ui.intervalMs + TICK_MS) this.#show();
    }, TICK_MS);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#ticker !== null) clearInterval(this.#ticker);
    if (this.#noticeTimer !== null) clearTimeout(this.#noticeTimer);
  }

  press(press: Press, size: Size): void {
    const { names, pageRows } = layoutScreen(this.#view, size);
    const ask = (action: 'drain' | 'resume', endpoint: string) =>
      questionAbout(this.#view.history, action, endpoint);
    const { ui, effect } = pressKey(this.#ui, press, { names, pageRows, ask });
    this.#ui = ui;
    this.#show();
    if (effect !== undefined) this.#run(effect);
  }

  #run(effect: Effect): void {
    if (effect.kind === 'quit') this.#options.onQuit();
    else if (effect.kind === 'suspend') this.#options.onSuspend();
    else if (effect.kind === 'read-now') this.#readNow();
    else void this.#act(effect);
  }

  async #act(effect: Exclude<Effect, { kind: 'quit' | 'suspend' | 'read-now' }>): Promise<void> {
    try {
      const admin = this.#options.admin();
      try {
        this.#notice({ text: await this.#perform(admin, effect), tone: 'ok' });
      } finally {
        admin.close();
      }
    } catch (error) {
      this.#notice({ text: error instanceof Error ? error.message : String(error), tone: 'error' });
    }
    this.#readNow();
  }

  async #perform(
    admin: AdminClient,
    effect: Exclude<Effect, { kind: 'quit' | 'suspend' | 'read-now' }>,
  ): Promise<string> {
    if (effect.kind === 'refresh') {
      await admin.refresh();
      return 'all endpoints are looked at again';
    }
    if (effect.kind === 'resume') {
      await admin.resume(effect.endpoint);
      return `${effect.endpoint} serves again`;
    }
    // The question has named the models that get lost: its yes is the force that the gateway asks for.
    const force = modelsLost(this.#history, effect.endpoint).length > 0;
    const { streams_left } = await admin.drain(effect.endpoint, force);
    return `${effect.endpoint} gets nothing new, ${streams_left} still in flight there`;
  }

  #notice(notice: Notice): void {
    if (this.#stopped) return;
    this.#ui = { ...this.#ui, notice };
    this.#show();
    if (this.#noticeTimer !== null) clearTimeout(this.#noticeTimer);
    this.#noticeTimer = setTimeout(() => {
      this.#ui = { ...this.#ui, notice: null };
      this.#show();
    }, NOTICE_MS);
  }

  #schedule(): void {
    if (this.#stopped) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#readNow(), this.#ui.intervalMs);
  }

  #readNow(): void {
    if (this.#reading || this.#stopped) return;
    this.#reading = true;
    void this.#read().finally(() => {
      this.#reading = false;
      this.#schedule();
    });
  }

  async #read(): Promise<void> {
    const now = performance.now();
    const wantsModels = now - this.#modelsReadAt >= MODELS_EVERY_MS;
    if (wantsModels) this.#modelsReadAt = now;
    try {
      const sample = await readSample(this.#options.client, wantsModels);
      if (!this.#stopped) this.#take(sample);
    } catch (error) {
      this.#failure = `${error instanceof Error ? error.message : String(error)}; trying again`;
      if (!this.#stopped) this.#show();
    }
  }

  #take(sample: Sample): void {
    if (sample.models !== null && this.#modelsReadAt < 0) this.#modelsReadAt = sample.receivedMs;
    this.#failure = null;
    this.#history = advance(this.#history, sample);
    this.#show();
  }

  /** Makes the next view. While paused the data stands still, but its age is told. */
  #show(): void {
    const history =
      this.#ui.paused && this.#view.history.status !== null ? this.#view.history : this.#history;
    this.#view = this.#newView(history);
    for (const listener of this.#listeners) listener();
  }

  #newView(history: History): View {
    return {
      history,
      ui: this.#ui,
      failure: this.#failure,
      // A paused screen is old because somebody wants it so: what counts is whether the gateway still answers.
      nowMs: this.#ui.paused && this.#failure === null ? history.receivedMs : performance.now(),
      clock: new Date().toTimeString().slice(0, 8),
      ascii: this.#options.ascii,
      gatewayUrl: this.#options.client.gatewayUrl,
    };
  }
}

/**
 * One reading. The status is what counts: models that cannot be listed this time keep their last list.
 *
 * @throws AdminError if the status cannot be read
 */
export async function readSample(client: AdminClient, withModels: boolean): Promise<Sample> {
  const [status, stats, models] = await Promise.all([
    client.status(),
    client.statsModels().catch(() => null),
    withModels ? client.models().catch(() => null) : null,
  ]);
  return { status, stats, models, receivedMs: performance.now() };
}
