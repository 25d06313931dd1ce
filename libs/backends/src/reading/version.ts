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

/** Orders `0.9.6`, `0.14.0-rc2`, `0.14.0`: by number, a pre-release before its release. */
export function compareVersionTexts(a: string, b: string): number {
  const [coreA = '', ...preA] = a.split('-');
  const [coreB = '', ...preB] = b.split('-');
  const order = coreA.localeCompare(coreB, 'en', { numeric: true });
  if (order !== 0) return order;
  if (preA.length === 0 || preB.length === 0) return preB.length - preA.length;
  return preA.join('-').localeCompare(preB.join('-'), 'en', { numeric: true });
}
