import type { AdminClient } from '@olla/admin-api/client';
import { createConfirmation, modelsLost } from './confirmation.ts';
import { addSample, EMPTY_HISTORY, type History, type Sample } from './history.ts';
import { layoutScreen } from './layout-screen.ts';
import { pressKey, type Effect, type KeyPress } from './press-key.ts';
import { initialUi, type Notice, type UiState } from './ui-state.ts';
import type { Size, View } from './view.ts';

export interface TopOptions {
  readonly client: AdminClient;
  /** Makes a client with the admin token. Throws when there is no token. */
  readonly admin: () => AdminClient;
  readonly intervalMs: number;
  readonly ascii: boolean;
  readonly onQuit: () => void;
  readonly onSuspend: () => void;
}

/** Reads of the model list count against the request limits, so they are rare. */
const MODELS_EVERY_MS = 5_000;
const TICK_MS = 1_000;
/** How long the result of an action replaces the key help. */
const NOTICE_MS = 6_000;

/**
 * A running `top`: it reads the gateway, handles key presses and holds the view. It does not use the terminal, so that
 * tests can drive it without one.
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
    this.#view = this.#createView(EMPTY_HISTORY);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly view = (): View => this.#view;

  /** Starts reading, with a first sample that has been read already. */
  start(first: Sample): void {
    this.#addSample(first);
    this.#schedule();
    this.#ticker = setInterval(() => {
      if (performance.now() - this.#history.receivedMs > this.#ui.intervalMs + TICK_MS) this.#update();
    }, TICK_MS);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#ticker !== null) clearInterval(this.#ticker);
    if (this.#noticeTimer !== null) clearTimeout(this.#noticeTimer);
  }

  press(press: KeyPress, size: Size): void {
    const { names, pageRows } = layoutScreen(this.#view, size);
    const confirm = (action: 'drain' | 'resume', endpoint: string) =>
      createConfirmation(this.#view.history, action, endpoint);
    const { ui, effect } = pressKey(this.#ui, press, { names, pageRows, confirm });
    this.#ui = ui;
    this.#update();
    if (effect !== undefined) this.#run(effect);
  }

  #run(effect: Effect): void {
    if (effect.kind === 'quit') this.#options.onQuit();
    else if (effect.kind === 'suspend') this.#options.onSuspend();
    else if (effect.kind === 'read-now') this.#readNow();
    else void this.#runAction(effect);
  }

  async #runAction(effect: Exclude<Effect, { kind: 'quit' | 'suspend' | 'read-now' }>): Promise<void> {
    try {
      const admin = this.#options.admin();
      try {
        this.#showNotice({ text: await this.#requestAction(admin, effect), tone: 'ok' });
      } finally {
        admin.close();
      }
    } catch (error) {
      this.#showNotice({ text: error instanceof Error ? error.message : String(error), tone: 'error' });
    }
    this.#readNow();
  }

  async #requestAction(
    admin: AdminClient,
    effect: Exclude<Effect, { kind: 'quit' | 'suspend' | 'read-now' }>,
  ): Promise<string> {
    if (effect.kind === 'refresh') {
      await admin.refresh();
      return 'all endpoints are probed again';
    }
    if (effect.kind === 'resume') {
      await admin.resume(effect.endpoint);
      return `${effect.endpoint} serves again`;
    }
    // The confirmation has named the models that lose their last endpoint, so the drain is forced.
    const force = modelsLost(this.#history, effect.endpoint).length > 0;
    const { streams_left } = await admin.drain(effect.endpoint, force);
    return `${effect.endpoint} gets no new requests, ${streams_left} are in flight`;
  }

  #showNotice(notice: Notice): void {
    if (this.#stopped) return;
    this.#ui = { ...this.#ui, notice };
    this.#update();
    if (this.#noticeTimer !== null) clearTimeout(this.#noticeTimer);
    this.#noticeTimer = setTimeout(() => {
      this.#ui = { ...this.#ui, notice: null };
      this.#update();
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
    const readsModels = now - this.#modelsReadAt >= MODELS_EVERY_MS;
    if (readsModels) this.#modelsReadAt = now;
    try {
      const sample = await readSample(this.#options.client, readsModels);
      if (!this.#stopped) this.#addSample(sample);
    } catch (error) {
      this.#failure = `${error instanceof Error ? error.message : String(error)}. Trying again`;
      if (!this.#stopped) this.#update();
    }
  }

  #addSample(sample: Sample): void {
    if (sample.models !== null && this.#modelsReadAt < 0) this.#modelsReadAt = sample.receivedMs;
    this.#failure = null;
    this.#history = addSample(this.#history, sample);
    this.#update();
  }

  /** Makes the next view and notifies the screen. While paused, the view keeps its data. */
  #update(): void {
    const history =
      this.#ui.paused && this.#view.history.status !== null ? this.#view.history : this.#history;
    this.#view = this.#createView(history);
    for (const listener of this.#listeners) listener();
  }

  #createView(history: History): View {
    return {
      history,
      ui: this.#ui,
      failure: this.#failure,
      // A paused screen is not shown as old unless the gateway fails to answer.
      nowMs: this.#ui.paused && this.#failure === null ? history.receivedMs : performance.now(),
      clock: new Date().toTimeString().slice(0, 8),
      ascii: this.#options.ascii,
      gatewayUrl: this.#options.client.gatewayUrl,
    };
  }
}

/**
 * Reads the gateway once. If models or statistics cannot be read, their last values are kept.
 *
 * @throws AdminError when the status cannot be read
 */
export async function readSample(client: AdminClient, withModels: boolean): Promise<Sample> {
  const [status, stats, models] = await Promise.all([
    client.status(),
    client.statsModels().catch(() => null),
    withModels ? client.models().catch(() => null) : null,
  ]);
  return { status, stats, models, receivedMs: performance.now() };
}
