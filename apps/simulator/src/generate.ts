import type { Exchange } from './http/exchange.ts';
import type { Model } from './model.ts';
import type { JobStats, Ticket } from './physics/job.ts';
import { countTokens } from './physics/prefix-cache.ts';
import type { ServerState } from './server-state.ts';
import { drawAnswer, type Answer } from './text/answer.ts';
import type { Ask } from './text/ask.ts';

export interface GenerationHooks {
  onSlot?(): void;
  onToken?(piece: string, index: number): void;
  onDone(stats: JobStats): void;
  onFail(reason: 'queue-full' | 'crashed'): void;
}

export interface GenerationOptions {
  readonly keepAliveMs?: number;
  /** What the client's leaving does; without it, it cancels at once. */
  readonly onClientLeft?: (ticket: Ticket) => void;
}

export function planAnswer(state: ServerState, model: Model, ask: Ask): Answer {
  return drawAnswer(ask, {
    seed: state.seed,
    answerTokens: model.answerTokens,
    contextTokens: model.contextTokens,
    callsTools: model.tools,
  });
}

/** Runs one answer through the server's engine. A crash of the server breaks the connection off. */
export function generate(
  state: ServerState,
  exchange: Exchange,
  work: { readonly model: Model; readonly ask: Ask; readonly answer: Answer },
  hooks: GenerationHooks,
  options: GenerationOptions = {},
): Ticket {
  const { model, ask, answer } = work;
  const ticket = state.engine.submit({
    model: model.name,
    promptText: ask.promptText,
    promptTokens: countTokens(ask.promptText),
    pieces: answer.pieces,
    ...(options.keepAliveMs === undefined ? {} : { keepAliveMs: options.keepAliveMs }),
    onSlot: () => hooks.onSlot?.(),
    onToken: (index) => hooks.onToken?.(answer.pieces[index] as string, index),
    onDone(stats) {
      addToTotals(state, stats);
      hooks.onDone(stats);
    },
    onFail(reason) {
      if (reason === 'crashed') exchange.breakOff();
      else hooks.onFail(reason);
    },
  });
  exchange.onClientLeft(() => {
    if (options.onClientLeft === undefined) ticket.cancel();
    else options.onClientLeft(ticket);
  });
  return ticket;
}

/** Reads texts into vectors: a prompt without an answer. */
export function embed(
  state: ServerState,
  exchange: Exchange,
  work: { readonly model: Model; readonly texts: readonly string[]; readonly keepAliveMs?: number },
  hooks: Pick<GenerationHooks, 'onDone' | 'onFail'>,
): void {
  const promptText = work.texts.join('\n');
  const ticket = state.engine.submit({
    model: work.model.name,
    promptText,
    promptTokens: work.texts.reduce((sum, text) => sum + countTokens(text), 0),
    pieces: [],
    ...(work.keepAliveMs === undefined ? {} : { keepAliveMs: work.keepAliveMs }),
    onDone: hooks.onDone,
    onFail: (reason) => (reason === 'crashed' ? exchange.breakOff() : hooks.onFail(reason)),
  });
  exchange.onClientLeft(() => ticket.cancel());
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
