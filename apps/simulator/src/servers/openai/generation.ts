import { generate, planAnswer } from '../../generate.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { Model } from '../../model.ts';
import type { JobStats } from '../../physics/job.ts';
import { countTokens } from '../../physics/prefix-cache.ts';
import { HEX, randomId } from '../../physics/random.ts';
import type { ServerState } from '../../server-state.ts';
import type { Answer } from '../../text/answer.ts';
import { isObject, readAsk, type Ask, type Body } from '../../text/ask.ts';
import type { Flavour } from './flavour.ts';
import { sendError, sendJson, startStream } from './send.ts';

export type Kind = 'chat' | 'completion';

interface Work {
  readonly ask: Ask;
  readonly model: Model;
  readonly answer: Answer;
  readonly kind: Kind;
  readonly id: string;
  readonly created: number;
  readonly flavour: Flavour;
  readonly state: ServerState;
}

/** Reads a JSON body; undefined when an error has been answered. */
export async function readJson(exchange: Exchange, flavour: Flavour): Promise<Body | undefined> {
  const raw = (await exchange.body()).toString('utf8');
  try {
    const value: unknown = JSON.parse(raw);
    if (isObject(value)) return value;
  } catch {
    // answered below, as any body that is no JSON object
  }
  sendError(exchange, flavour, flavour.badJson(raw));
  return undefined;
}

export async function serveOpenAi(
  exchange: Exchange,
  state: ServerState,
  flavour: Flavour,
  kind: Kind,
): Promise<void> {
  const body = await readJson(exchange, flavour);
  if (body === undefined) return;
  const required = kind === 'chat' ? 'messages' : 'prompt';
  if (body[required] === undefined) {
    return sendError(exchange, flavour, {
      status: 400,
      message: `Field required: ${required}`,
      type: 'invalid_request_error',
      param: required,
    });
  }
  const ask = readAsk(body, 'openai');
  const model = findModel(state, ask.model);
  if (model === undefined) return sendError(exchange, flavour, flavour.unknownModel(ask.model));
  const promptTokens = countTokens(ask.promptText);
  if (promptTokens >= model.contextTokens)
    return sendError(exchange, flavour, flavour.tooLong(model.contextTokens, promptTokens));
  run(exchange, {
    ask,
    model,
    kind,
    flavour,
    state,
    answer: planAnswer(state, model, ask),
    id: kind === 'chat' ? flavour.newChatId(state) : `cmpl-${randomId(state.random, 32, HEX)}`,
    created: Math.floor(Date.now() / 1000),
  });
}

/** With no model named, the only or first one answers, as these servers do. */
export function findModel(state: ServerState, name: string): Model | undefined {
  if (name !== '') return state.models.get(name);
  const [first] = state.models.values();
  return first;
}

function run(exchange: Exchange, work: Work): void {
  const { ask, answer, flavour, state, kind } = work;
  const [call] = answer.toolCalls;
  const open = (): void => {
    startStream(exchange, flavour);
  };
  generate(state, exchange, work, {
    onSlot() {
      if (ask.stream && flavour.headWithSlot) open();
    },
    onToken(piece, index) {
      if (!ask.stream) return;
      if (!exchange.headSent) open();
      if (index === 0 && kind === 'chat' && flavour.roleFirst)
        exchange.write(chunk(work, { role: 'assistant', content: '' }));
      if (kind === 'completion') return exchange.write(chunk(work, { text: piece }));
      const role = index === 0 && !flavour.roleFirst ? { role: 'assistant' } : {};
      if (call === undefined) return exchange.write(chunk(work, { ...role, content: piece }));
      const named = index === 0 ? { id: `chatcmpl-tool-${call.id}`, type: 'function' } : {};
      const callee = { ...(index === 0 ? { name: call.name } : {}), arguments: piece };
      exchange.write(chunk(work, { ...role, tool_calls: [{ ...named, index: 0, function: callee }] }));
    },
    onDone(stats) {
      if (!ask.stream)
        return sendJson(
          exchange,
          flavour,
          200,
          kind === 'chat' ? wholeChat(work, stats) : wholeCompletion(work, stats),
        );
      exchange.write(chunk(work, kind === 'chat' ? {} : { text: '' }, answer.finish));
      if (ask.includeUsage) exchange.write(frame(work, { choices: [], usage: usage(stats) }));
      exchange.write('data: [DONE]\n\n');
      exchange.end(exchange.wantsClose ? 'close' : 'keep');
    },
    onFail: () =>
      sendError(exchange, flavour, {
        status: 503,
        message: 'The server is overloaded, try again later.',
        type: 'server_error',
      }),
  });
}

function chunk(work: Work, part: Body, finish: string | null = null): string {
  const { flavour, kind } = work;
  const said = kind === 'chat' ? { delta: part } : part;
  return frame(work, {
    choices: [
      {
        index: 0,
        ...said,
        logprobs: null,
        finish_reason: finish,
        ...(finish === null ? {} : flavour.choiceExtras),
      },
    ],
  });
}

function frame(work: Work, rest: Body): string {
  const object = work.kind === 'chat' ? 'chat.completion.chunk' : 'text_completion';
  const value = {
    id: work.id,
    object,
    created: work.created,
    model: work.ask.model || work.model.name,
    ...work.flavour.chunkExtras(work.state),
    ...rest,
  };
  return `data: ${JSON.stringify(value)}\n\n`;
}

function wholeChat(work: Work, stats: JobStats): Body {
  const { answer, flavour } = work;
  const calls = answer.toolCalls.map((call) => ({
    id: `chatcmpl-tool-${call.id}`,
    type: 'function',
    function: { name: call.name, arguments: call.argsText },
  }));
  const message = {
    role: 'assistant',
    content: calls.length > 0 ? null : answer.text,
    ...flavour.wholeMessageExtras,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
  return {
    id: work.id,
    object: 'chat.completion',
    created: work.created,
    model: work.ask.model || work.model.name,
    choices: [{ index: 0, message, logprobs: null, finish_reason: answer.finish, ...flavour.choiceExtras }],
    usage: usage(stats),
    ...flavour.wholeExtras(work.state),
  };
}

function wholeCompletion(work: Work, stats: JobStats): Body {
  const { answer, flavour } = work;
  return {
    id: work.id,
    object: 'text_completion',
    created: work.created,
    model: work.ask.model || work.model.name,
    choices: [
      { index: 0, text: answer.text, logprobs: null, finish_reason: answer.finish, ...flavour.choiceExtras },
    ],
    usage: usage(stats),
    ...flavour.wholeExtras(work.state),
  };
}

function usage(stats: JobStats): Body {
  return {
    prompt_tokens: stats.promptTokens,
    total_tokens: stats.promptTokens + stats.outputTokens,
    completion_tokens: stats.outputTokens,
  };
}
