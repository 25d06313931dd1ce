import { isObject, type JsonObject } from './json-object.ts';

/** A tool that the client offers, the same for all dialects. */
export interface Tool {
  readonly name: string;
  /** JSON Schema of its arguments. */
  readonly schema: unknown;
}

/** The parts of a generation request that decide its output, the same for all dialects. */
export interface GenerationRequest {
  /** The name as the client wrote it; empty without one. */
  readonly model: string;
  readonly stream: boolean;
  readonly promptText: string;
  readonly maxTokens: number | undefined;
  readonly seed: number | undefined;
  readonly tools: readonly Tool[];
  /** `any`: one of the tools must be called. A name: this tool must be called. */
  readonly toolChoice: 'auto' | 'none' | 'any' | { readonly name: string };
  /** The conversation ends with the result of a tool, so the model answers with text and no further call. */
  readonly endsWithToolResult: boolean;
  /** JSON Schema of a structured output; `true` for any JSON object. */
  readonly jsonSchema: unknown;
  readonly includeUsage: boolean;
}

type Dialect = 'openai' | 'ollama' | 'anthropic' | 'llamacpp';

/** Reads a request body leniently. Each server has refused what its dialect does not allow before. */
export function readGenerationRequest(body: JsonObject, dialect: Dialect): GenerationRequest {
  const options = isObject(body['options']) ? body['options'] : {};
  const messages = Array.isArray(body['messages']) ? body['messages'] : undefined;
  const streamOptions = isObject(body['stream_options']) ? body['stream_options'] : {};
  return {
    model: typeof body['model'] === 'string' ? body['model'] : '',
    stream: dialect === 'ollama' ? body['stream'] !== false : body['stream'] === true,
    promptText: messages === undefined ? promptOf(body) : renderChat(body['system'], messages),
    maxTokens: firstCount(
      body['max_completion_tokens'],
      body['max_tokens'],
      body['max_output_tokens'],
      body['n_predict'],
      options['num_predict'],
    ),
    seed: firstNumber(body['seed'], options['seed']),
    tools: readTools(body['tools']),
    toolChoice: readToolChoice(body['tool_choice']),
    endsWithToolResult: endsWithToolResult(messages),
    jsonSchema: readJsonSchema(body),
    includeUsage: streamOptions['include_usage'] === true,
  };
}

/** The text of a message's content, which is a string or an array of parts. */
function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: unknown) => (isObject(part) ? partText(part) : typeof part === 'string' ? part : ''))
    .join('');
}

function partText(part: JsonObject): string {
  if (typeof part['text'] === 'string') return part['text'];
  return part['content'] === undefined ? '' : contentText(part['content']);
}

/**
 * Renders each turn the same way, so that the prompt of a conversation's next turn starts with this prompt and the
 * prefix cache hits.
 */
function renderChat(system: unknown, messages: readonly unknown[]): string {
  let text = system === undefined ? '' : turn('system', contentText(system));
  for (const message of messages) {
    if (!isObject(message)) continue;
    text += turn(
      typeof message['role'] === 'string' ? message['role'] : 'user',
      contentText(message['content']),
    );
  }
  return `${text}<|im_start|>assistant\n`;
}

function turn(role: string, content: string): string {
  return `<|im_start|>${role}\n${content}<|im_end|>\n`;
}

function promptOf(body: JsonObject): string {
  const prompt = body['prompt'] ?? body['input'] ?? '';
  if (Array.isArray(prompt) && prompt.some(isObject)) return renderChat(body['instructions'], prompt);
  const text = Array.isArray(prompt)
    ? prompt.filter((part) => typeof part === 'string').join('')
    : String(prompt);
  return typeof body['system'] === 'string' ? turn('system', body['system']) + text : text;
}

function readTools(value: unknown): Tool[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isObject).flatMap((entry) => {
    const described = isObject(entry['function']) ? entry['function'] : entry;
    const { name } = described;
    return typeof name === 'string'
      ? [{ name, schema: described['parameters'] ?? described['input_schema'] ?? {} }]
      : [];
  });
}

function readToolChoice(value: unknown): GenerationRequest['toolChoice'] {
  if (value === 'none') return 'none';
  if (value === 'required' || value === 'any') return 'any';
  if (!isObject(value)) return 'auto';
  if (value['type'] === 'any') return 'any';
  if (value['type'] === 'none') return 'none';
  const name = isObject(value['function']) ? value['function']['name'] : value['name'];
  return typeof name === 'string' ? { name } : 'auto';
}

function endsWithToolResult(messages: readonly unknown[] | undefined): boolean {
  const last = messages?.at(-1);
  if (!isObject(last)) return false;
  if (last['role'] === 'tool') return true;
  return (
    Array.isArray(last['content']) &&
    last['content'].some((part) => isObject(part) && part['type'] === 'tool_result')
  );
}

function readJsonSchema(body: JsonObject): unknown {
  const format = body['format'] ?? body['response_format'];
  if (format === 'json') return true;
  if (!isObject(format)) return undefined;
  if (format['type'] === 'json_object') return true;
  if (format['type'] === 'json_schema') {
    const inner = format['json_schema'];
    return isObject(inner) ? (inner['schema'] ?? true) : true;
  }
  return format['type'] === 'text' ? undefined : format;
}

function firstNumber(...values: readonly unknown[]): number | undefined {
  return values.find((value): value is number => typeof value === 'number' && Number.isFinite(value));
}

/** A negative count means no limit in Ollama and llama.cpp. */
function firstCount(...values: readonly unknown[]): number | undefined {
  const value = firstNumber(...values);
  return value === undefined || value < 0 ? undefined : Math.floor(value);
}
