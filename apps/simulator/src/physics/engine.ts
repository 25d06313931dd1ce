import type { Clock } from './clock.ts';
import type { Job, Ticket } from './job.ts';
import { planLoad, type Resident } from './memory.ts';
import type { ModelPhysics } from './model-physics.ts';
import { createRunner, type Runner, type Sequence } from './runner.ts';

export interface EngineOptions {
  /** Infinity keeps every model resident. */
  readonly capacityGb: number;
  readonly maxModels: number;
  readonly slots: number;
  readonly batchPenalty: number;
  readonly prefixCacheTokens: number;
  /** Requests that may wait for a model to load before the next gets `queue-full`. */
  readonly queueLimit: number;
  readonly keepAliveMs: number;
}

export interface EngineLoad {
  readonly running: number;
  /** Behind the slots of loaded models, and for a model to load. */
  readonly waiting: number;
}

interface Pending {
  readonly job: Job;
  readonly submittedAt: number;
  loadMs: number;
  sequence: Sequence | undefined;
  state: 'queued' | 'loading' | 'running' | 'over';
}

interface Loading {
  readonly resident: Resident;
  readonly owner: Pending;
  readonly followers: Pending[];
  readonly startedAt: number;
  readonly stop: () => void;
}

/**
 * The memory and the scheduler of one server. Requests for a model that is not loaded wait first in, first
 * out, and hold up all behind them; those for a loaded one go on to its slots.
 */
export interface Engine {
  submit(job: Job): Ticket;
  /** Puts a model into memory without a request, for a server that starts with it. */
  preload(model: string): void;
  unload(model: string): void;
  residents(): readonly Resident[];
  load(): EngineLoad;
  /** Slots of a loaded model, all free for one that is not loaded. */
  slotsOf(model: string): readonly (Sequence | undefined)[];
  waitingFor(model: string): number;
  /** Loses all work and all memory. */
  crash(): void;
}

export function createEngine(
  options: EngineOptions,
  physicsOf: (model: string) => ModelPhysics,
  clock: Clock,
): Engine {
  const residents: Resident[] = [];
  const runners = new Map<string, Runner>();
  const expiries = new Map<string, () => void>();
  const queue: Pending[] = [];
  let loading: Loading | undefined;

  const drop = (resident: Resident): void => {
    residents.splice(residents.indexOf(resident), 1);
    runners.delete(resident.model);
    expiries.get(resident.model)?.();
    expiries.delete(resident.model);
  };

  const admit = (model: string, memoryGb: number, state: Resident['state']): Resident => {
    const resident: Resident = {
      model,
      memoryGb,
      state,
      users: 0,
      lastUsedAt: clock.now(),
      expiresAt: clock.now() + options.keepAliveMs,
    };
    residents.push(resident);
    return resident;
  };

  const runnerOf = (model: string): Runner => {
    let runner = runners.get(model);
    if (runner === undefined) {
      runner = createRunner({ ...options, physics: physicsOf(model) }, clock);
      runners.set(model, runner);
    }
    return runner;
  };

  const touch = (resident: Resident, keepAliveMs: number): void => {
    resident.lastUsedAt = clock.now();
    resident.expiresAt = clock.now() + keepAliveMs;
    expiries.get(resident.model)?.();
    expiries.delete(resident.model);
    if (resident.users > 0 || !Number.isFinite(keepAliveMs)) return;
    expiries.set(
      resident.model,
      clock.after(keepAliveMs, () => {
        drop(resident);
        schedule();
      }),
    );
  };

  const run = (pending: Pending, resident: Resident): void => {
    pending.state = 'running';
    resident.users++;
    const keepAliveMs = pending.job.keepAliveMs ?? options.keepAliveMs;
    touch(resident, keepAliveMs);
    const release = (): void => {
      pending.state = 'over';
      resident.users--;
      if (residents.includes(resident)) touch(resident, keepAliveMs);
      // Room may have come for the head of the queue; not now, in the middle of the runner's own step.
      if (queue.length > 0) clock.after(0, schedule);
    };
    pending.sequence = runnerOf(resident.model).enqueue(pending.job, pending, release);
  };

  const startLoad = (pending: Pending, evict: readonly Resident[]): void => {
    const { model } = pending.job;
    const physics = physicsOf(model);
    evict.forEach(drop);
    const resident = admit(model, Math.min(physics.memoryGb, options.capacityGb), 'loading');
    pending.state = 'loading';
    loading = {
      resident,
      owner: pending,
      followers: [],
      startedAt: clock.now(),
      stop: clock.after(physics.loadMs, endLoad),
    };
  };

  const endLoad = (): void => {
    const done = loading;
    if (done === undefined) return;
    loading = undefined;
    done.resident.state = 'ready';
    for (const pending of [done.owner, ...done.followers]) {
      if (pending.state !== 'loading') continue;
      pending.loadMs = clock.now() - Math.max(done.startedAt, pending.submittedAt);
      run(pending, done.resident);
    }
    schedule();
  };

  /** The request that caused a load has gone: the load is given up, those that joined it queue first again. */
  const abortLoad = (): void => {
    const given = loading;
    if (given === undefined) return;
    loading = undefined;
    given.stop();
    drop(given.resident);
    const followers = given.followers.filter((pending) => pending.state === 'loading');
    for (const pending of followers) pending.state = 'queued';
    queue.unshift(...followers);
    schedule();
  };

  const schedule = (): void => {
    for (let head = queue[0]; head !== undefined; head = queue[0]) {
      const { memoryGb } = physicsOf(head.job.model);
      const plan = planLoad(residents, { model: head.job.model, memoryGb }, options);
      if (plan.kind === 'wait') return;
      queue.shift();
      if (plan.kind === 'load') startLoad(head, plan.evict);
      else if (plan.resident.state === 'ready') run(head, plan.resident);
      else {
        head.state = 'loading';
        loading?.followers.push(head);
      }
    }
  };

  const cancel = (pending: Pending): void => {
    const { state } = pending;
    if (state === 'over') return;
    if (state === 'running') {
      const { sequence } = pending;
      if (sequence !== undefined) runners.get(pending.job.model)?.cancel(sequence);
      return;
    }
    pending.state = 'over';
    if (state === 'queued') {
      queue.splice(queue.indexOf(pending), 1);
      schedule();
    } else if (loading?.owner === pending) abortLoad();
  };

  return {
    submit(job) {
      const pending: Pending = {
        job,
        submittedAt: clock.now(),
        loadMs: 0,
        sequence: undefined,
        state: 'queued',
      };
      if (queue.length >= options.queueLimit) {
        pending.state = 'over';
        job.onFail('queue-full');
      } else {
        queue.push(pending);
        schedule();
      }
      return { cancel: () => cancel(pending) };
    },
    preload(model) {
      if (residents.some((resident) => resident.model === model)) return;
      const resident = admit(model, physicsOf(model).memoryGb, 'ready');
      touch(resident, options.keepAliveMs);
    },
    unload(model) {
      const resident = residents.find((held) => held.model === model);
      if (resident !== undefined && resident.users === 0 && resident.state === 'ready') drop(resident);
      schedule();
    },
    residents: () => residents,
    load() {
      let running = 0;
      let waiting = queue.length + (loading === undefined ? 0 : 1 + loading.followers.length);
      for (const runner of runners.values()) {
        running += runner.slots.filter((held) => held !== undefined).length;
        waiting += runner.waiting;
      }
      return { running, waiting };
    },
    slotsOf: (model) => runnerOf(model).slots,
    waitingFor: (model) => runners.get(model)?.waiting ?? 0,
    crash() {
      const lost = [
        ...queue.splice(0),
        ...(loading === undefined ? [] : [loading.owner, ...loading.followers]),
      ];
      loading?.stop();
      loading = undefined;
      const held = [...runners.values()];
      for (const resident of [...residents]) drop(resident);
      for (const runner of held) runner.crash();
      for (const pending of lost) {
        if (pending.state === 'over') continue;
        pending.state = 'over';
        pending.job.onFail('crashed');
      }
    },
  };
}
