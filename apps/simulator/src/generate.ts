import type { Job, JobHandle, JobStats } from './engine/job.ts';
import type { Exchange } from './http/exchange.ts';
import type { Model } from './model.ts';
import type { ServerState } from './server-state.ts';
import { countTokens } from './text/count-tokens.ts';
import type { GenerationRequest } from './text/generation-request.ts';
import { drawOutput, type ModelOutput } from './text/model-output.ts';

/** A generation to run, with the callbacks that write its response. */
export interface Generation {
  readonly model: Model;
  readonly request: GenerationRequest;
  readonly output: ModelOutput;
  /** How long the model stays in memory afterwards. The engine's own time when absent. */
  readonly keepAliveMs?: number | undefined;
  /** What to do when the client leaves. Default: cancel the job at once. */
  readonly onClientLeft?: (job: JobHandle) => void;
  onSlot?(): void;
  onToken?(piece: string, index: number): void;
  onDone(stats: JobStats): void;
  /** The queue of the server is full. */
  readonly onQueueFull: () => void;
}

export function planOutput(state: ServerState, model: Model, request: GenerationRequest): ModelOutput {
  return drawOutput(request, {
    seed: state.seed,
    answerTokens: model.answerTokens,
    contextTokens: model.contextTokens,
    callsTools: model.tools,
  });
}

/** Runs a generation in the server's engine. A crash of the server aborts the exchange. */
export function generate(state: ServerState, exchange: Exchange, generation: Generation): JobHandle {
  const { model, request, output, keepAliveMs } = generation;
  const job = state.engine.submit({
    model: model.name,
    promptText: request.promptText,
    promptTokens: countTokens(request.promptText),
    pieces: output.pieces,
    ...(keepAliveMs === undefined ? {} : { keepAliveMs }),
    onSlot: () => generation.onSlot?.(),
    onToken: (index) => generation.onToken?.(output.pieces[index] ?? '', index),
    onDone(stats) {
      addToTotals(state, stats);
      generation.onDone(stats);
    },
    onFail: failureHandler(exchange, generation),
  });
  exchange.onClientLeft(() => {
    if (generation.onClientLeft === undefined) job.cancel();
    else generation.onClientLeft(job);
  });
  return job;
}

/** Texts to embed, with the callbacks that write the response. */
export interface Embedding extends Pick<Generation, 'model' | 'keepAliveMs' | 'onDone' | 'onQueueFull'> {
  readonly texts: readonly string[];
}

/** Runs an embedding in the server's engine: a prompt without output tokens. */
export function embed(state: ServerState, exchange: Exchange, embedding: Embedding): void {
  const { model, texts, keepAliveMs } = embedding;
  const job = state.engine.submit({
    model: model.name,
    promptText: texts.join('\n'),
    promptTokens: texts.reduce((sum, text) => sum + countTokens(text), 0),
    pieces: [],
    ...(keepAliveMs === undefined ? {} : { keepAliveMs }),
    onDone: (stats) => embedding.onDone(stats),
    onFail: failureHandler(exchange, embedding),
  });
  exchange.onClientLeft(() => job.cancel());
}

function failureHandler(exchange: Exchange, { onQueueFull }: Pick<Generation, 'onQueueFull'>): Job['onFail'] {
  return (reason) => (reason === 'crashed' ? exchange.abort() : onQueueFull());
}

function addToTotals(state: ServerState, stats: JobStats): void {
  const { totals } = state;
  totals.requests++;
  totals.promptTokens += stats.promptTokens - stats.cachedTokens;
  totals.cachedTokens += stats.cachedTokens;
  totals.promptMs += stats.promptMs;
  totals.outputTokens += stats.outputTokens;
  totals.decodeMs += stats.decodeMs;
}
