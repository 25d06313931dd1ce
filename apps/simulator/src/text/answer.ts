import { countTokens } from '../physics/prefix-cache.ts';
import { createRandom, hashText, randomId, type Random } from '../physics/random.ts';
import type { Ask } from './ask.ts';
import { drawFromSchema } from './from-schema.ts';
import { drawToken } from './words.ts';

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly args: unknown;
  readonly argsText: string;
}

/** What a model will say, decided before it starts. */
export interface Answer {
  /** Text of each token, of the call's arguments for a tool call. */
  readonly pieces: readonly string[];
  readonly text: string;
  readonly finish: 'stop' | 'length' | 'tool_calls';
  readonly toolCalls: readonly ToolCall[];
}

export interface AnswerOptions {
  readonly seed: number;
  /** Tokens of an answer that ends by itself, drawn between the two. */
  readonly answerTokens: readonly [number, number];
  readonly contextTokens: number;
  readonly callsTools: boolean;
}

/** The same request to the same model under the same seed gets the same answer. */
export function drawAnswer(ask: Ask, options: AnswerOptions): Answer {
  const random = createRandom(hashText(ask.promptText, options.seed ^ (ask.seed ?? 0)));
  const room = Math.max(1, options.contextTokens - countTokens(ask.promptText));
  const limit = Math.max(1, Math.min(ask.maxTokens || room, room));
  const tool = options.callsTools ? chooseTool(ask, random) : undefined;
  if (tool !== undefined) {
    const args = drawFromSchema(tool.schema, random);
    const argsText = JSON.stringify(args);
    const call = { id: randomId(random, 32), name: tool.name, args, argsText };
    return { pieces: [...argsText], text: '', finish: 'tool_calls', toolCalls: [call] };
  }
  if (ask.jsonSchema !== undefined) {
    const value = drawFromSchema(
      ask.jsonSchema === true
        ? { type: 'object', properties: { answer: { type: 'string' } } }
        : ask.jsonSchema,
      random,
    );
    return cut(JSON.stringify(value).match(/[\s\S]{1,4}/g) ?? [], limit);
  }
  const [low, high] = options.answerTokens;
  const length = Math.round(low + random() * (high - low));
  const pieces: string[] = [];
  for (let at = 0; at < Math.min(length, limit); at++) pieces.push(drawToken(random));
  return { pieces, text: pieces.join(''), finish: length > limit ? 'length' : 'stop', toolCalls: [] };
}

function cut(pieces: string[], limit: number): Answer {
  const kept = pieces.slice(0, limit);
  return {
    pieces: kept,
    text: kept.join(''),
    finish: kept.length < pieces.length ? 'length' : 'stop',
    toolCalls: [],
  };
}

function chooseTool(ask: Ask, random: Random): Ask['tools'][number] | undefined {
  const { toolChoice, tools } = ask;
  if (toolChoice === 'none' || tools.length === 0) return undefined;
  if (typeof toolChoice === 'object') return tools.find((tool) => tool.name === toolChoice.name);
  if (ask.endsWithToolResult && toolChoice === 'auto') return undefined;
  return tools[Math.floor(random() * tools.length)];
}
