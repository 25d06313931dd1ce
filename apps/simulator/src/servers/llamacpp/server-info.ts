import type { JsonObject } from '../../text/json-object.ts';
import type { LlamaServer } from './llama-server.ts';

/** The sampling parameters that llama.cpp reports, with its defaults. */
export function samplingSettings(maxTokens: number, stream: boolean): JsonObject {
  return {
    seed: 4_294_967_295,
    temperature: 0.800000011920929,
    dynatemp_range: 0,
    dynatemp_exponent: 1,
    top_k: 40,
    top_p: 0.949999988079071,
    min_p: 0.05000000074505806,
    typical_p: 1,
    repeat_last_n: 64,
    repeat_penalty: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    mirostat: 0,
    max_tokens: maxTokens,
    n_predict: maxTokens,
    n_keep: 0,
    n_discard: 0,
    ignore_eos: false,
    stream,
    n_probs: 0,
    min_keep: 0,
    chat_format: 'Content-only',
    reasoning_format: 'none',
    reasoning_in_content: false,
    generation_prompt: '',
    samplers: ['penalties', 'dry', 'top_n_sigma', 'top_k', 'typ_p', 'top_p', 'min_p', 'xtc', 'temperature'],
    'speculative.types': 'none',
    timings_per_token: false,
    post_sampling_probs: false,
    lora: [],
  };
}

export function listModels({ model, state }: LlamaServer): unknown {
  const { name } = model;
  return {
    models: [
      {
        name,
        model: name,
        modified_at: '',
        size: '',
        digest: '',
        type: 'model',
        description: '',
        tags: [''],
        capabilities: [model.kind === 'embeddings' ? 'embedding' : 'completion'],
        parameters: '',
        details: {
          parent_model: '',
          format: 'gguf',
          family: '',
          families: [''],
          parameter_size: '',
          quantization_level: '',
        },
      },
    ],
    object: 'list',
    data: [
      {
        id: name,
        aliases: [name],
        tags: [],
        object: 'model',
        created: Math.floor(state.startedAt / 1000),
        owned_by: 'llamacpp',
        meta: {
          vocab_type: 1,
          n_vocab: 32_000,
          n_ctx: model.contextTokens,
          n_ctx_train: model.trainedContextTokens,
          n_embd: model.dimensions,
          n_params: Math.round(model.sizeB * 1e9),
          size: model.sizeBytes,
          ftype: model.quantization,
        },
      },
    ],
  };
}

export function describeProps({ model, state }: LlamaServer): unknown {
  return {
    default_generation_settings: { params: samplingSettings(-1, false), n_ctx: model.contextTokens },
    total_slots: state.engine.slotsOf(model.name).length,
    model_alias: model.name,
    model_ftype: model.quantization,
    model_path: `/models/${model.name}.gguf`,
    modalities: { vision: model.kind === 'vlm', video: false, audio: false },
    endpoint_slots: true,
    endpoint_props: false,
    endpoint_metrics: true,
    ui: false,
    ui_settings: {},
    chat_template:
      '{%- for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{%- endfor %}',
    bos_token: '<s>',
    eos_token: '<|im_end|>',
    build_info: state.spec.version ?? 'b0-unknown',
    is_sleeping: false,
    cors_proxy_enabled: false,
  };
}

export function listSlots({ model, state }: LlamaServer): JsonObject[] {
  return state.engine.slotsOf(model.name).map((held, id) => {
    const slot = { id, n_ctx: model.contextTokens, speculative: false, is_processing: held !== undefined };
    if (held === undefined) return slot;
    const { job, cachedTokens, emitted } = held;
    return {
      ...slot,
      id_task: Math.floor(held.submittedAt),
      n_prompt_tokens: job.promptTokens + emitted,
      n_prompt_tokens_processed: held.state === 'decode' ? job.promptTokens - cachedTokens : 0,
      n_prompt_tokens_cache: cachedTokens,
      params: samplingSettings(job.pieces.length, true),
      next_token: [
        {
          has_next_token: true,
          has_new_line: false,
          n_remain: job.pieces.length - emitted,
          n_decoded: emitted,
        },
      ],
    };
  });
}

export function printMetrics({ model, state }: LlamaServer): string {
  const { totals, engine } = state;
  const seconds = (ms: number): number => ms / state.timeScale / 1000;
  const rate = (tokens: number, ms: number): number => (ms === 0 ? 0 : tokens / seconds(ms));
  const busy = engine.slotsOf(model.name).filter((held) => held !== undefined).length;
  const rows: [string, 'counter' | 'gauge', string, number][] = [
    [
      'prompt_tokens_total',
      'counter',
      'Number of prompt tokens processed, excluding cached tokens',
      totals.promptTokens,
    ],
    [
      'prompt_tokens_cached_total',
      'counter',
      'Number of prompt tokens reused from the cache',
      totals.cachedTokens,
    ],
    ['prompt_seconds_total', 'counter', 'Total time spent processing prompts', seconds(totals.promptMs)],
    ['tokens_predicted_total', 'counter', 'Number of generation tokens processed', totals.outputTokens],
    [
      'tokens_predicted_seconds_total',
      'counter',
      'Total time spent generating tokens',
      seconds(totals.decodeMs),
    ],
    [
      'prompt_tokens_seconds',
      'gauge',
      'Average prompt throughput in tokens/s',
      rate(totals.promptTokens, totals.promptMs),
    ],
    [
      'predicted_tokens_seconds',
      'gauge',
      'Average generation throughput in tokens/s',
      rate(totals.outputTokens, totals.decodeMs),
    ],
    ['requests_processing', 'gauge', 'Number of requests processing', busy],
    ['requests_deferred', 'gauge', 'Number of requests deferred', engine.waitingFor(model.name)],
    ['n_busy_slots_per_decode', 'gauge', 'Average number of busy slots per llama_decode() call', busy],
  ];
  return rows
    .map(
      ([name, type, help, value]) =>
        `# HELP llamacpp:${name} ${help}\n# TYPE llamacpp:${name} ${type}\nllamacpp:${name} ${value}\n`,
    )
    .join('');
}
