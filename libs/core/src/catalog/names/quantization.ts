/** GGUF types, float types, and the schemes of other formats; a whole token in lower case. */
const GGUF = /^(?:i?q[1-8](?:_(?:0|1|k|nl|xs|xxs|s|m|l|xl))*(?:_[48]_[48])?|tq[12]_0|mxfp4(?:_moe)?|nvfp4)$/;
const FLOAT = /^(?:f16|fp16|bf16|f32|fp32|float16|bfloat16)$/;
const SCHEME = /^(?:awq|gptq|exl2|exl3|bnb|hqq|int[48]|fp8|fp4|w\d+a\d+|[2-8](?:\.\d+)?bit|\d\.\d+bpw)$/;

/** Whether a token of a name names a quantisation or a number format. */
export function isQuantization(token: string): boolean {
  return GGUF.test(token) || FLOAT.test(token) || SCHEME.test(token);
}

/**
 * One spelling for the quantisations of names and backends: `Q4_K_M` for `q4_k_m`, `Q4_K - Medium`; `F16` for `fp16`;
 * `GPTQ-INT4`. Null for an empty text or `unknown`.
 */
export function normalizeQuantization(reported: string | null): string | null {
  if (reported === null) return null;
  let text = reported.trim().toUpperCase();
  if (text === '' || text === 'UNKNOWN' || text === 'NONE') return null;
  // llama.cpp writes `Q4_K - Medium`, `IQ4_XS - 4.25 bpw`, `MXFP4 MoE`, `all F32`.
  const worded = /^(I?Q\d\S*)\s+-\s+(SMALL|MEDIUM|LARGE)$/.exec(text);
  if (worded !== null) text = `${worded[1] ?? ''}_${(worded[2] ?? '').slice(0, 1)}`;
  text = text
    .replace(/\s+-\s+.*$/, '')
    .replace(/^(?:ALL|MOSTLY)\s+/, '')
    .replace(/[ _]MOE$/, '')
    .replace(/\s+/g, '-');
  const floats: ReadonlyMap<string, string> = new Map(
    Object.entries({
      FP16: 'F16',
      FLOAT16: 'F16',
      FP32: 'F32',
      BFLOAT16: 'BF16',
    }),
  );
  return floats.get(text) ?? text;
}

/**
 * The common quantisation of two sources. If they contradict each other, both are in the result, so that the model
 * equals neither of the two.
 */
export function agreeOnQuantization(reported: string | null, named: string | null): string | null {
  if (reported === null || named === null) return reported ?? named;
  return reported === named || reported.startsWith(`${named}_`) ? reported : `${reported}/${named}`;
}
