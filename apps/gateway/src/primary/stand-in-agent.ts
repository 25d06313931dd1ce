import type { HealthPort, StateHealth } from '@olla/state/ports/health';
import type { SnapshotPort } from '@olla/state/ports/snapshots';
import type { SupervisedChild } from './supervised-child.ts';

/** With a snapshot, an outage up to this length needs no agent. */
const PATIENCE_MS = 3_000;
const STOP_TIMEOUT_MS = 1_000;

export interface StandInAgentOptions {
  readonly state: { readonly health: HealthPort; readonly snapshots: Pick<SnapshotPort, 'read'> };
  readonly supervise: () => SupervisedChild;
}

/**
 * Where agents run elsewhere (`discovery.agent: external`), their snapshots do not arrive while the shared state is
 * unreachable. This host then monitors the endpoints itself until it is back.
 */
export class StandInAgent {
  readonly #options: StandInAgentOptions;
  readonly #unsubscribe: () => void;
  #timer: NodeJS.Timeout | null = null;
  #child: SupervisedChild | null = null;
  #stopped = false;

  constructor(options: StandInAgentOptions) {
    this.#options = options;
    this.#unsubscribe = options.state.health.onHealth((health) => this.#follow(health));
  }

  /** Settles when its process, if there is one, has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe();
    await this.#end();
  }

  kill(): void {
    this.#child?.kill();
  }

  #follow({ connected, outages }: StateHealth): void {
    if (connected) void this.#end();
    // Before the first outage it is still connecting.
    else if (outages > 0 && this.#timer === null && this.#child === null) void this.#plan();
  }

  async #plan(): Promise<void> {
    this.#timer = setTimeout(() => this.#start(), PATIENCE_MS);
    const known = await this.#options.state.snapshots.read().catch(() => null);
    if (known === null && this.#timer !== null) this.#start();
  }

  #start(): void {
    this.#cancel();
    if (this.#stopped || this.#child !== null || this.#options.state.health.current().connected) return;
    this.#child = this.#options.supervise();
    this.#child.start();
  }

  async #end(): Promise<void> {
    this.#cancel();
    const child = this.#child;
    this.#child = null;
    await child?.stop((process) => process.kill('SIGTERM'), STOP_TIMEOUT_MS);
  }

  #cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
