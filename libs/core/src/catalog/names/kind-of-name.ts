import type { ModelKind } from '../../snapshot.ts';

const RERANK = /rerank/;
const EMBEDDINGS = /embed|(^|[-_/])(bge|gte|e5|mxbai|minilm|nomic)([-_.:\d]|$)|minilm/;
const AUDIO = /whisper|(^|[-_/])(tts|kokoro|piper|parakeet|canary|xtts|bark|voxtral)([-_.:\d]|$)/;
const IMAGE = /stable-diffusion|sdxl|(^|[-_/])(flux|sd-?turbo|sd3)([-_.:\d]|$)/;
const VISION =
  /(^|[-_/])(llava|bakllava|moondream|pixtral|internvl|smolvlm|minicpm-v)|vision|([-_.:\d]|^)vl([-_.:]|$)/;

/** The kind of a model by its name alone, for servers that do not report it; `unknown` if the name does not show it. */
export function kindOfName(name: string): ModelKind {
  const text = name.toLowerCase();
  if (RERANK.test(text)) return 'rerank';
  if (EMBEDDINGS.test(text)) return 'embeddings';
  if (AUDIO.test(text)) return 'audio';
  if (IMAGE.test(text)) return 'image';
  return VISION.test(text) ? 'vlm' : 'unknown';
}
