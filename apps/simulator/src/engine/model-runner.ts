import type { Clock } from './clock.ts';
import type { Job, JobStats } from './job.ts';
import type { ModelCost } from './model-cost.ts';
import { createPrefixCache, type PrefixCache } from './prefix-cache.ts';

export interface ModelRunnerOptions {
  readonly cost: ModelCost;
  readonly slots: number;
  /** In a batch of b, each sequence decodes at d ÷ (1 + k(b − 1)), where d is its speed alone and k this penalty. */
  readonly batchPenalty: number;
  readonly prefixCacheTokens: number;
}

/** A sequence that waits for a slot or holds one. Times are simulated milliseconds. */
export interface Sequence {
  readonly job: Job;
  readonly submittedAt: number;
  readonly loadMs: number;
  /** Called once when the sequence leaves the runner: finished, cancelled or lost in a crash. */
  readonly release: () => void;
  state: 'waiting' | 'slotted' | 'prefill' | 'decode' | 'over';
  /** Index of the slot; -1 without one. */
  slot: number;
  slottedAt: number;
  prefillAt: number;
  firstTokenAt: number;
  cachedTokens: number;
  /** Tokens produced so far. */
  emitted: number;
}

/**
 * Runs the sequences of one loaded model. Sequences beyond the slots wait in a queue, prompts are read one at a
 * time, and all sequences that decode produce their next token in the same step.
 */
export class ModelRunner {
  /** By slot; undefined for a free one. */
  readonly slots: (Sequence | undefined)[];
  readonly #cost: ModelCost;
  readonly #batchPenalty: number;
  readonly #clock: Clock;
  readonly #cache: PrefixCache;
  readonly #waiting: Sequence[] = [];
  readonly #prompts: Sequence[] = [];
  #prefilling: Sequence | undefined;
  #cancelPrefill: (() => void) | undefined;
  #cancelStep: (() => void) | undefined;

  constructor({ cost, slots, batchPenalty, prefixCacheTokens }: ModelRunnerOptions, clock: Clock) {
    this.slots = Array.from({ length: slots }, () => undefined);
    this.#cost = cost;
    this.#batchPenalty = batchPenalty;
    this.#clock = clock;
    this.#cache = createPrefixCache(prefixCacheTokens);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  enqueue(job: Job, times: Pick<Sequence, 'submittedAt' | 'loadMs'>, release: () => void): Sequence {
    const sequence: Sequence = {
      job,
      release,
      submittedAt: times.submittedAt,
      loadMs: times.loadMs,
      state: 'waiting',
      slot: -1,
      slottedAt: 0,
      prefillAt: 0,
      firstTokenAt: 0,
      cachedTokens: 0,
      emitted: 0,
    };
    this.#waiting.push(sequence);
    this.#fillSlots();
    return sequence;
  }

  cancel(sequence: Sequence): void {
    if (sequence.state === 'over') return;
    removeFrom(this.#waiting, sequence);
    removeFrom(this.#prompts, sequence);
    if (this.#prefilling === sequence) this.#stopPrefill();
    this.#leave(sequence);
    this.#fillSlots();
  }

  /** Fails every sequence with `crashed` and forgets all cached prefixes. */
  crash(): void {
    this.#stopPrefill();
    this.#cancelStep?.();
    this.#cancelStep = undefined;
    this.#prompts.length = 0;
    this.#cache.clear();
    const lost = [...this.#waiting.splice(0), ...this.slots.filter((held) => held !== undefined)];
    for (const sequence of lost) {
      this.#leave(sequence);
      sequence.job.onFail('crashed');
    }
  }

  #fillSlots(): void {
    for (let slot = 0; slot < this.slots.length; slot++) {
      if (this.slots[slot] !== undefined) continue;
      const sequence = this.#waiting.shift();
      if (sequence === undefined) break;
      this.slots[slot] = sequence;
      sequence.slot = slot;
      sequence.state = 'slotted';
      sequence.slottedAt = this.#clock.now();
      this.#prompts.push(sequence);
      sequence.job.onSlot?.();
    }
    this.#startPrefill();
  }

  #startPrefill(): void {
    if (this.#prefilling !== undefined) return;
    const sequence = this.#prompts.shift();
    if (sequence === undefined) return;
    const { promptText, promptTokens } = sequence.job;
    this.#prefilling = sequence;
    sequence.state = 'prefill';
    sequence.prefillAt = this.#clock.now();
    // The last token of a prompt is always computed, because it yields the first output token.
    sequence.cachedTokens = Math.min(this.#cache.cachedTokens(promptText), promptTokens - 1);
    const uncachedTokens = promptTokens - sequence.cachedTokens;
    const prefillMs = (uncachedTokens / this.#cost.prefillTps) * 1000;
    this.#cancelPrefill = this.#clock.after(prefillMs, () => this.#endPrefill(sequence));
  }

  #endPrefill(sequence: Sequence): void {
    this.#prefilling = undefined;
    this.#cancelPrefill = undefined;
    sequence.firstTokenAt = this.#clock.now();
    this.#cache.remember(sequence.job.promptText);
    sequence.state = 'decode';
    this.#emit(sequence);
    this.#startPrefill();
    this.#scheduleStep(this.#clock.now());
  }

  #stopPrefill(): void {
    this.#cancelPrefill?.();
    this.#prefilling = undefined;
    this.#cancelPrefill = undefined;
  }

  #decoding(): Sequence[] {
    return this.slots.filter((held): held is Sequence => held?.state === 'decode');
  }

  /** The time of one decoding step. It doubles while a prompt is read, which takes half of the hardware. */
  #stepMs(): number {
    const batch = this.#decoding().length;
    const aloneMs = 1000 / this.#cost.decodeTps;
    return aloneMs * (1 + this.#batchPenalty * (batch - 1)) * (this.#prefilling === undefined ? 1 : 2);
  }

  #scheduleStep(from: number): void {
    if (this.#cancelStep !== undefined || this.#decoding().length === 0) return;
    const dueAt = from + this.#stepMs();
    this.#cancelStep = this.#clock.after(dueAt - this.#clock.now(), () => {
      this.#cancelStep = undefined;
      this.#scheduleStep(this.#runSteps(dueAt));
    });
  }

  /** Runs the step due at `dueAt` and those that a late timer missed, so that the rate holds at any time scale. */
  #runSteps(dueAt: number): number {
    let doneAt = dueAt;
    for (const sequence of this.#decoding()) this.#emit(sequence);
    while (this.#decoding().length > 0 && doneAt + this.#stepMs() <= this.#clock.now()) {
      doneAt += this.#stepMs();
      for (const sequence of this.#decoding()) this.#emit(sequence);
    }
    return doneAt;
  }

  #emit(sequence: Sequence): void {
    const { job } = sequence;
    if (sequence.emitted < job.pieces.length) {
      const index = sequence.emitted++;
      job.onToken?.(index);
      // onToken cancels the job when its write finds the connection closed.
      if (sequence.state === 'over') return;
    }
    if (sequence.emitted >= job.pieces.length) this.#finish(sequence);
  }

  #finish(sequence: Sequence): void {
    const now = this.#clock.now();
    const { job } = sequence;
    this.#cache.remember(job.promptText + job.pieces.join(''));
    const stats: JobStats = {
      promptTokens: job.promptTokens,
      cachedTokens: sequence.cachedTokens,
      outputTokens: sequence.emitted,
      queueMs: sequence.slottedAt - sequence.submittedAt - sequence.loadMs,
      loadMs: sequence.loadMs,
      promptMs: sequence.firstTokenAt - sequence.prefillAt,
      decodeMs: now - sequence.firstTokenAt,
      totalMs: now - sequence.submittedAt,
    };
    this.#leave(sequence);
    job.onDone(stats);
    this.#fillSlots();
  }

  #leave(sequence: Sequence): void {
    sequence.state = 'over';
    if (this.slots[sequence.slot] === sequence) this.slots[sequence.slot] = undefined;
    sequence.release();
  }
}

function removeFrom(list: Sequence[], sequence: Sequence): void {
  const at = list.indexOf(sequence);
  if (at !== -1) list.splice(at, 1);
}
