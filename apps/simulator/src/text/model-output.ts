import { createRandom, hashText, randomId, type Random } from '../engine/random.ts';
import { countTokens, splitIntoPieces } from './count-tokens.ts';
import { drawFromSchema } from './from-schema.ts';
import type { GenerationRequest, Tool } from './generation-request.ts';
import { drawToken } from './words.ts';

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly args: unknown;
  readonly argsText: string;
}

/** The output of a model for one request, decided before the generation starts. */
export interface ModelOutput {
  /** The text of each token. For a tool call, of its arguments. */
  readonly pieces: readonly string[];
  readonly text: string;
  readonly finish: 'stop' | 'length' | 'tool_calls';
  readonly toolCalls: readonly ToolCall[];
}

export interface OutputOptions {
  readonly seed: number;
  /** Least and greatest length in tokens of an output that no limit cuts. */
  readonly answerTokens: readonly [number, number];
  readonly contextTokens: number;
  readonly callsTools: boolean;
}

/** Draws the output for a request. The same request, model and seed give the same output. */
export function drawOutput(request: GenerationRequest, options: OutputOptions): ModelOutput {
  const random = createRandom(hashText(request.promptText, options.seed ^ (request.seed ?? 0)));
  const room = Math.max(1, options.contextTokens - countTokens(request.promptText));
  const limit = Math.max(1, Math.min(request.maxTokens || room, room));
  const tool = options.callsTools ? chooseTool(request, random) : undefined;
  if (tool !== undefined) {
    const args = drawFromSchema(tool.schema, random);
    const argsText = JSON.stringify(args);
    const call = { id: randomId(random, 32), name: tool.name, args, argsText };
    return { pieces: [...argsText], text: '', finish: 'tool_calls', toolCalls: [call] };
  }
  if (request.jsonSchema !== undefined) {
    const value = drawFromSchema(
      request.jsonSchema === true
        ? { type: 'object', properties: { answer: { type: 'string' } } }
        : request.jsonSchema,
      random,
    );
    return cut(splitIntoPieces(JSON.stringify(value)), limit);
  }
  const [low, high] = options.answerTokens;
  const length = Math.round(low + random() * (high - low));
  const pieces: string[] = [];
  for (let at = 0; at < Math.min(length, limit); at++) pieces.push(drawToken(random));
  return { pieces, text: pieces.join(''), finish: length > limit ? 'length' : 'stop', toolCalls: [] };
}

function cut(pieces: string[], limit: number): ModelOutput {
  const kept = pieces.slice(0, limit);
  return {
    pieces: kept,
    text: kept.join(''),
    finish: kept.length < pieces.length ? 'length' : 'stop',
    toolCalls: [],
  };
}

function chooseTool(request: GenerationRequest, random: Random): Tool | undefined {
  const { toolChoice, tools } = request;
  if (toolChoice === 'none' || tools.length === 0) return undefined;
  if (typeof toolChoice === 'object') return tools.find((tool) => tool.name === toolChoice.name);
  if (request.endsWithToolResult && toolChoice === 'auto') return undefined;
  return tools[Math.floor(random() * tools.length)];
}
