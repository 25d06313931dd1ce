import type { Clock } from './clock.ts';
import type { ResidentModel } from './plan-load.ts';

/** The models in one server's memory, each with the timer that removes it when it stays idle. */
export class ModelMemory {
  readonly residents: ResidentModel[] = [];
  readonly #clock: Clock;
  readonly #onExpire: (resident: ResidentModel) => void;
  readonly #cancelExpiry = new Map<string, () => void>();

  constructor(clock: Clock, onExpire: (resident: ResidentModel) => void) {
    this.#clock = clock;
    this.#onExpire = onExpire;
  }

  find(model: string): ResidentModel | undefined {
    return this.residents.find((resident) => resident.model === model);
  }

  add(entry: Pick<ResidentModel, 'model' | 'memoryGb' | 'state'>): ResidentModel {
    const now = this.#clock.now();
    const resident: ResidentModel = { ...entry, users: 0, lastUsedAt: now, expiresAt: now };
    this.residents.push(resident);
    return resident;
  }

  remove(resident: ResidentModel): void {
    this.residents.splice(this.residents.indexOf(resident), 1);
    this.#stopExpiry(resident);
  }

  /** Records a use of the model, and starts its idle time when no request uses it. */
  touch(resident: ResidentModel, keepAliveMs: number): void {
    resident.lastUsedAt = this.#clock.now();
    resident.expiresAt = this.#clock.now() + keepAliveMs;
    this.#stopExpiry(resident);
    if (resident.users > 0 || !Number.isFinite(keepAliveMs)) return;
    const expire = (): void => this.#onExpire(resident);
    this.#cancelExpiry.set(resident.model, this.#clock.after(keepAliveMs, expire));
  }

  #stopExpiry({ model }: ResidentModel): void {
    this.#cancelExpiry.get(model)?.();
    this.#cancelExpiry.delete(model);
  }
}
