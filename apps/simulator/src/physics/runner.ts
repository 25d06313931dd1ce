import type { Clock } from './clock.ts';
import type { Job, JobStats } from './job.ts';
import type { ModelPhysics } from './model-physics.ts';
import { createPrefixCache, type PrefixCache } from './prefix-cache.ts';

export interface RunnerOptions {
  readonly physics: ModelPhysics;
  readonly slots: number;
  /** A batch of b decodes each sequence at d ÷ (1 + k(b − 1)). */
  readonly batchPenalty: number;
  readonly prefixCacheTokens: number;
}

/** A sequence that waits for a slot or holds one. */
export interface Sequence {
  readonly job: Job;
  readonly submittedAt: number;
  readonly loadMs: number;
  /** Called when it leaves the runner, whatever the reason. */
  readonly release: () => void;
  state: 'waiting' | 'slotted' | 'prefill' | 'decode' | 'over';
  slot: number;
  slottedAt: number;
  prefillAt: number;
  firstTokenAt: number;
  cachedTokens: number;
  emitted: number;
}

/** One loaded model: its slots, the silent queue behind them, one prompt at a time, decoding in step. */
export interface Runner {
  enqueue(job: Job, times: { submittedAt: number; loadMs: number }, release: () => void): Sequence;
  cancel(sequence: Sequence): void;
  /** Ends everything with `onFail`, as a crash does. */
  crash(): void;
  readonly waiting: number;
  /** By slot, undefined for a free one. */
  readonly slots: readonly (Sequence | undefined)[];
}

export function createRunner(options: RunnerOptions, clock: Clock): Runner {
  const { physics, batchPenalty } = options;
  const waiting: Sequence[] = [];
  const slots: (Sequence | undefined)[] = Array.from({ length: options.slots }, () => undefined);
  const prompts: Sequence[] = [];
  const cache: PrefixCache = createPrefixCache(options.prefixCacheTokens);
  let prefilling: Sequence | undefined;
  let stopPrefill: (() => void) | undefined;
  let stopStep: (() => void) | undefined;
  let stepAt = 0;

  const decoding = (): Sequence[] => slots.filter((held): held is Sequence => held?.state === 'decode');

  const fillSlots = (): void => {
    for (let slot = 0; slot < slots.length && waiting.length > 0; slot++) {
      if (slots[slot] !== undefined) continue;
      const sequence = waiting.shift() as Sequence;
      slots[slot] = sequence;
      sequence.slot = slot;
      sequence.state = 'slotted';
      sequence.slottedAt = clock.now();
      prompts.push(sequence);
      sequence.job.onSlot?.();
    }
    startPrefill();
  };

  const startPrefill = (): void => {
    if (prefilling !== undefined) return;
    const sequence = prompts.shift();
    if (sequence === undefined) return;
    prefilling = sequence;
    sequence.state = 'prefill';
    sequence.prefillAt = clock.now();
    // At least the last token of a prompt is always computed: it yields the first of the answer.
    sequence.cachedTokens = Math.min(
      cache.cachedTokens(sequence.job.promptText),
      sequence.job.promptTokens - 1,
    );
    const fresh = sequence.job.promptTokens - sequence.cachedTokens;
    stopPrefill = clock.after((fresh / physics.prefillTps) * 1000, () => endPrefill(sequence));
  };

  const endPrefill = (sequence: Sequence): void => {
    prefilling = undefined;
    stopPrefill = undefined;
    sequence.firstTokenAt = clock.now();
    cache.remember(sequence.job.promptText);
    sequence.state = 'decode';
    emit(sequence);
    startPrefill();
    armStep(clock.now());
  };

  const stepMs = (): number => {
    const batch = decoding().length;
    const alone = 1000 / physics.decodeTps;
    return alone * (1 + batchPenalty * (batch - 1)) * (prefilling === undefined ? 1 : 2);
  };

  const armStep = (from: number): void => {
    if (stopStep !== undefined || decoding().length === 0) return;
    stepAt = from + stepMs();
    stopStep = clock.after(stepAt - clock.now(), () => {
      stopStep = undefined;
      let doneAt = stepAt;
      for (const sequence of decoding()) emit(sequence);
      // A late timer makes up for the steps it missed, so that the rate holds at any time scale.
      while (decoding().length > 0 && doneAt + stepMs() <= clock.now()) {
        doneAt += stepMs();
        for (const sequence of decoding()) emit(sequence);
      }
      armStep(doneAt);
    });
  };

  const emit = (sequence: Sequence): void => {
    const { job } = sequence;
    if (sequence.emitted < job.pieces.length) {
      const index = sequence.emitted++;
      job.onToken?.(index);
      // onToken may have cancelled: a write found its socket gone.
      if (sequence.state === 'over') return;
    }
    if (sequence.emitted >= job.pieces.length) finish(sequence);
  };

  const finish = (sequence: Sequence): void => {
    const now = clock.now();
    const { job } = sequence;
    cache.remember(job.promptText + job.pieces.join(''));
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
    leave(sequence);
    job.onDone(stats);
    fillSlots();
  };

  const leave = (sequence: Sequence): void => {
    sequence.state = 'over';
    if (slots[sequence.slot] === sequence) slots[sequence.slot] = undefined;
    sequence.release();
  };

  return {
    enqueue(job, times, release) {
      const sequence: Sequence = {
        job,
        release,
        ...times,
        state: 'waiting',
        slot: -1,
        slottedAt: 0,
        prefillAt: 0,
        firstTokenAt: 0,
        cachedTokens: 0,
        emitted: 0,
      };
      waiting.push(sequence);
      fillSlots();
      return sequence;
    },
    cancel(sequence) {
      if (sequence.state === 'over') return;
      removeFrom(waiting, sequence);
      removeFrom(prompts, sequence);
      if (prefilling === sequence) {
        stopPrefill?.();
        prefilling = undefined;
        stopPrefill = undefined;
      }
      leave(sequence);
      fillSlots();
    },
    crash() {
      stopPrefill?.();
      stopStep?.();
      prefilling = undefined;
      stopPrefill = stopStep = undefined;
      prompts.length = 0;
      cache.clear();
      const lost = [...waiting.splice(0), ...slots.filter((held) => held !== undefined)];
      for (const sequence of lost) {
        leave(sequence);
        sequence.job.onFail('crashed');
      }
    },
    get waiting() {
      return waiting.length;
    },
    slots,
  };
}

function removeFrom(list: Sequence[], sequence: Sequence): void {
  const at = list.indexOf(sequence);
  if (at !== -1) list.splice(at, 1);
}
