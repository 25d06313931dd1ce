import { isQuantization } from './quantization.ts';

/** A model's name that is the path of a file or folder. */
export interface FilePath {
  readonly folders: readonly string[];
  readonly file: string;
}

/** Folders that hold models of any kind, so that their names describe no single model. */
const CONTAINERS =
  /^(?:|\.{1,2}|~|[a-z]:|root|home|users|user|usr|local|share|var|lib|opt|srv|mnt|media|data|app|workspace|volumes?|storage|cache|\.cache|\.local|\.lmstudio|\.ollama|lm-?studio|ollama|llama[._-]?cpp|vllm|sglang|lmdeploy|huggingface|hub|hf|snapshots|blobs|models?|llms?|ggufs?|mlx|weights|checkpoints|downloads?|(?:ssd|hdd|nvme|disk|drive|vol)[-_]?\d*)$/;
const COMMIT = /^[0-9a-f]{7,64}$/;

/** The parts of a name that is a path; null for other names. A name with folders that ends in `.gguf` is a path too. */
export function readFilePath(name: string): FilePath | null {
  const text = name.replaceAll('\\', '/').replace(/\/+$/, '');
  const slash = text.lastIndexOf('/');
  if (slash === -1 || !(/^(?:\/|[a-z]:\/|\.{1,2}\/|~\/)/i.test(text) || /\.gguf$/i.test(text))) return null;
  return { folders: text.slice(0, slash).split('/'), file: text.slice(slash + 1) };
}

/**
 * The folders of a path that may distinguish models, in lower case: not the common ones, not a user's home, and none
 * that only repeats words of the file's name.
 */
export function tellingFolders({ folders, file }: FilePath): string[] {
  const fileWords = new Set(wordsOf(file));
  const repeatsFile = (folder: string): boolean =>
    wordsOf(folder).every(
      (word) => fileWords.has(word) || /^(?:gguf|hf|mlx)$/.test(word) || isQuantization(word),
    );
  return (
    folders
      .map((folder) => folder.toLowerCase())
      .filter((_, at, all) => !(at > 0 && /^(?:home|users)$/.test(all[at - 1] ?? '') && at <= 2))
      // Hugging Face's cache has `models--publisher--name`.
      .flatMap((folder) => folder.split('--'))
      .filter((folder) => !CONTAINERS.test(folder) && !COMMIT.test(folder) && !repeatsFile(folder))
  );
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[-_.:@\s+]+/)
    .filter((word) => word !== '');
}
