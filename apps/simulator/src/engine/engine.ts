import type { Clock } from './clock.ts';
import type { Job, JobHandle } from './job.ts';
import type { ModelCost } from './model-cost.ts';
import { ModelMemory } from './model-memory.ts';
import { ModelRunner, type Sequence } from './model-runner.ts';
import { planLoad, type ResidentModel } from './plan-load.ts';

export interface EngineOptions {
  /** Infinity keeps every model resident. */
  readonly capacityGb: number;
  /** Models in memory at once. */
  readonly maxModels: number;
  /** Sequences that each model runs at once. */
  readonly slots: number;
  /** See ModelRunnerOptions. */
  readonly batchPenalty: number;
  readonly prefixCacheTokens: number;
  /** Requests that may wait for a model to load. The next one fails with `queue-full`. */
  readonly queueLimit: number;
  /** How long an idle model stays in memory; Infinity for ever. */
  readonly keepAliveMs: number;
}

export interface RequestCounts {
  /** Requests that hold a slot. */
  readonly running: number;
  /** Requests behind the slots of loaded models, and those that wait for a model to load. */
  readonly waiting: number;
}

interface PendingJob {
  readonly job: Job;
  readonly submittedAt: number;
  loadMs: number;
  sequence: Sequence | undefined;
  state: 'queued' | 'loading' | 'running' | 'over';
}

interface ModelLoad {
  readonly resident: ResidentModel;
  /** The job that started the load. */
  readonly owner: PendingJob;
  /** Jobs for the same model that came during the load. */
  readonly followers: PendingJob[];
  readonly startedAt: number;
  readonly cancel: () => void;
}

/**
 * The memory and the scheduler of one server. Jobs wait in one queue, first in, first out: a job whose model cannot
 * be loaded yet holds up all behind it. A job whose model is loaded goes on to that model's slots.
 */
export class Engine {
  readonly #options: EngineOptions;
  readonly #costOf: (model: string) => ModelCost;
  readonly #clock: Clock;
  readonly #memory: ModelMemory;
  readonly #runners = new Map<string, ModelRunner>();
  readonly #queue: PendingJob[] = [];
  #load: ModelLoad | undefined;

  constructor(options: EngineOptions, costOf: (model: string) => ModelCost, clock: Clock) {
    this.#options = options;
    this.#costOf = costOf;
    this.#clock = clock;
    this.#memory = new ModelMemory(clock, (resident) => {
      this.#remove(resident);
      this.#schedule();
    });
  }

  submit(job: Job): JobHandle {
    const pending: PendingJob = {
      job,
      submittedAt: this.#clock.now(),
      loadMs: 0,
      sequence: undefined,
      state: 'queued',
    };
    if (this.#queue.length >= this.#options.queueLimit) {
      pending.state = 'over';
      job.onFail('queue-full');
    } else {
      this.#queue.push(pending);
      this.#schedule();
    }
    return { cancel: () => this.#cancel(pending) };
  }

  /** Puts a model into memory without a job, for a server that starts with it. */
  preload(model: string): void {
    if (this.#memory.find(model) !== undefined) return;
    const resident = this.#memory.add({ model, memoryGb: this.#costOf(model).memoryGb, state: 'ready' });
    this.#memory.touch(resident, this.#options.keepAliveMs);
  }

  /** Removes an idle model from memory. A model in use stays. */
  unload(model: string): void {
    const resident = this.#memory.find(model);
    if (resident?.users === 0 && resident.state === 'ready') this.#remove(resident);
    this.#schedule();
  }

  residents(): readonly ResidentModel[] {
    return this.#memory.residents;
  }

  requestCounts(): RequestCounts {
    let running = 0;
    let waiting = this.#queue.length + (this.#load === undefined ? 0 : 1 + this.#load.followers.length);
    for (const runner of this.#runners.values()) {
      running += runner.slots.filter((held) => held !== undefined).length;
      waiting += runner.waiting;
    }
    return { running, waiting };
  }

  /** The slots of a loaded model. All are free for a model that is not loaded. */
  slotsOf(model: string): readonly (Sequence | undefined)[] {
    return this.#runnerOf(model).slots;
  }

  /** Requests that wait behind the slots of a loaded model. */
  waitingFor(model: string): number {
    return this.#runners.get(model)?.waiting ?? 0;
  }

  /** Fails all jobs with `crashed` and empties the memory. */
  crash(): void {
    const load = this.#load;
    const lost = [...this.#queue.splice(0), ...(load === undefined ? [] : [load.owner, ...load.followers])];
    load?.cancel();
    this.#load = undefined;
    const runners = [...this.#runners.values()];
    for (const resident of [...this.#memory.residents]) this.#remove(resident);
    for (const runner of runners) runner.crash();
    for (const pending of lost) {
      if (pending.state === 'over') continue;
      pending.state = 'over';
      pending.job.onFail('crashed');
    }
  }

  #schedule(): void {
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      const { model } = head.job;
      const { memoryGb } = this.#costOf(model);
      const plan = planLoad(this.#memory.residents, { model, memoryGb }, this.#options);
      if (plan.kind === 'wait') return;
      this.#queue.shift();
      if (plan.kind === 'load') this.#startLoad(head, plan.evict);
      else if (plan.resident.state === 'ready') this.#run(head, plan.resident);
      else {
        head.state = 'loading';
        this.#load?.followers.push(head);
      }
    }
  }

  #startLoad(owner: PendingJob, evict: readonly ResidentModel[]): void {
    const { model } = owner.job;
    const cost = this.#costOf(model);
    for (const resident of evict) this.#remove(resident);
    const memoryGb = Math.min(cost.memoryGb, this.#options.capacityGb);
    const resident = this.#memory.add({ model, memoryGb, state: 'loading' });
    owner.state = 'loading';
    this.#load = {
      resident,
      owner,
      followers: [],
      startedAt: this.#clock.now(),
      cancel: this.#clock.after(cost.loadMs, () => this.#endLoad()),
    };
  }

  #endLoad(): void {
    const load = this.#load;
    if (load === undefined) return;
    this.#load = undefined;
    load.resident.state = 'ready';
    for (const pending of [load.owner, ...load.followers]) {
      if (pending.state !== 'loading') continue;
      pending.loadMs = this.#clock.now() - Math.max(load.startedAt, pending.submittedAt);
      this.#run(pending, load.resident);
    }
    this.#schedule();
  }

  /** Stops a load whose owner was cancelled. Its followers go back to the head of the queue. */
  #cancelLoad(load: ModelLoad): void {
    this.#load = undefined;
    load.cancel();
    this.#remove(load.resident);
    const followers = load.followers.filter((pending) => pending.state === 'loading');
    for (const pending of followers) pending.state = 'queued';
    this.#queue.unshift(...followers);
    this.#schedule();
  }

  #run(pending: PendingJob, resident: ResidentModel): void {
    pending.state = 'running';
    resident.users++;
    const keepAliveMs = pending.job.keepAliveMs ?? this.#options.keepAliveMs;
    this.#memory.touch(resident, keepAliveMs);
    const release = (): void => {
      pending.state = 'over';
      resident.users--;
      if (this.#memory.residents.includes(resident)) this.#memory.touch(resident, keepAliveMs);
      // The head of the queue may fit into memory. The runner calls this in the middle of its own step, so the
      // scheduler runs on the next turn.
      if (this.#queue.length > 0) this.#clock.after(0, () => this.#schedule());
    };
    pending.sequence = this.#runnerOf(resident.model).enqueue(pending.job, pending, release);
  }

  #cancel(pending: PendingJob): void {
    const { state } = pending;
    if (state === 'over') return;
    if (state === 'running') {
      const { sequence } = pending;
      if (sequence !== undefined) this.#runners.get(pending.job.model)?.cancel(sequence);
      return;
    }
    pending.state = 'over';
    if (state === 'queued') {
      this.#queue.splice(this.#queue.indexOf(pending), 1);
      this.#schedule();
    } else if (this.#load?.owner === pending) this.#cancelLoad(this.#load);
  }

  #runnerOf(model: string): ModelRunner {
    let runner = this.#runners.get(model);
    if (runner === undefined) {
      runner = new ModelRunner({ ...this.#options, cost: this.#costOf(model) }, this.#clock);
      this.#runners.set(model, runner);
    }
    return runner;
  }

  #remove(resident: ResidentModel): void {
    this.#memory.remove(resident);
    this.#runners.delete(resident.model);
  }
}
