import type { SignalReader } from '../profile.ts';
import { asRecord, asText, parseJson } from './json.ts';

/** Reads the version of a server from `version` of the JSON object at `path`. */
export function versionSignal(path: string): SignalReader {
  return {
    path,
    everyMs: 60_000,
    parse: (body) => {
      const serverVersion = asText(asRecord(parseJson(body))['version']);
      return serverVersion === null ? null : { serverVersion };
    },
  };
}

interface Version {
  /** Major, minor, patch and so on. */
  readonly numbers: readonly number[];
  /** Identifiers of a pre-release; empty for a release. */
  readonly pre: readonly string[];
}

/** Numbers with dots, then a pre-release and build metadata as in Semantic Versioning, with or without a `v` in front. */
const VERSION = /^v?(\d{1,9}(?:\.\d{1,9})*)(?:-([0-9a-z.-]+))?(?:\+[0-9a-z.-]*)?$/i;
/** The suffix of `git describe` for a build between two releases: a later version, not a pre-release. */
const BETWEEN_RELEASES = /^\d+-g[0-9a-f]+(?:-dirty)?$/;

/** Null for a text that is no version, and for `0.0.0`, the version of servers that do not know theirs. */
function parseVersion(text: string): Version | null {
  const match = VERSION.exec(text.trim());
  if (match === null) return null;
  const numbers = (match[1] ?? '').split('.').map(Number);
  if (numbers.every((number) => number === 0)) return null;
  const pre = match[2] ?? '';
  return { numbers, pre: pre === '' || BETWEEN_RELEASES.test(pre) ? [] : pre.split('.') };
}

/** The lowest of the known versions, as its server writes it; null if none is known. */
export function lowestVersion(texts: readonly (string | null)[]): string | null {
  let lowest: { readonly text: string; readonly version: Version } | null = null;
  for (const text of texts) {
    const version = text === null ? null : parseVersion(text);
    if (text === null || version === null) continue;
    if (lowest === null || compareVersions(version, lowest.version) < 0) lowest = { text, version };
  }
  return lowest?.text ?? null;
}

/** The order of Semantic Versioning 2.0.0, §11: a pre-release comes before its release. */
function compareVersions(a: Version, b: Version): number {
  for (let at = 0; at < Math.max(a.numbers.length, b.numbers.length); at += 1) {
    const order = (a.numbers[at] ?? 0) - (b.numbers[at] ?? 0);
    if (order !== 0) return order;
  }
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length;
  for (let at = 0; at < Math.min(a.pre.length, b.pre.length); at += 1) {
    const order = compareIdentifiers(a.pre[at] ?? '', b.pre[at] ?? '');
    if (order !== 0) return order;
  }
  return a.pre.length - b.pre.length;
}

/** Numbers by value, and before texts. Unlike in the standard, `rc2` comes before `rc10`, as projects mean it. */
function compareIdentifiers(a: string, b: string): number {
  const [isNumberA, isNumberB] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (isNumberA !== isNumberB) return isNumberA ? -1 : 1;
  return a.localeCompare(b, 'en', { numeric: true });
}
