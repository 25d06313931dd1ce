import type { SignalReader } from '../profile.ts';
import { asRecord, asText, parseJson } from './json.ts';

/** Reads the version of a server that tells it as `version` of a JSON object at `path`. */
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
