import type { Exchange } from '../../http/exchange.ts';
import { buildModel, withTag } from '../../model.ts';
import type { ServerState } from '../../server-state.ts';
import type { JsonObject } from '../../text/json-object.ts';
import { sendFailure } from './errors.ts';
import { findModel } from './find-model.ts';
import { readRequest } from './read-request.ts';
import { goJson, send, sendEmpty, sendJson, startStream } from './send.ts';

export type Action = 'pull' | 'push' | 'create' | 'copy' | 'delete';

/** Simulated milliseconds between two lines of progress. */
const PROGRESS_MS = 250;
/** Lines of progress for one layer. */
const PROGRESS_STEPS = 8;

/** Serves `/api/pull`, `push`, `create`, `copy` and `delete`, which change the models that the server lists. */
export async function serveManagement(exchange: Exchange, state: ServerState, action: Action): Promise<void> {
  const fail = (status: number, message: string): void =>
    sendFailure(exchange, state, 'native', { status, message });
  const read = readRequest(await exchange.body(), 'api.Request', 'missing request body');
  if ('error' in read) return fail(read.status, read.error);
  const { body } = read;
  if (action === 'copy') return copy(exchange, state, body);
  const given = body['model'] ?? body['name'];
  if (typeof given !== 'string' || given === '') return fail(400, 'invalid model name');
  if (action === 'delete') {
    const model = findModel(state, given);
    if (model === undefined) return fail(404, `model '${given}' not found`);
    state.removeModel(model.name);
    return sendEmpty(exchange);
  }
  if (action === 'push' && findModel(state, given) === undefined)
    return fail(404, `model '${given}' not found`);
  const done = (): void => {
    if (action !== 'push' && findModel(state, given) === undefined)
      state.addModel(buildModel(withTag(given), state.spec));
  };
  sendProgress(exchange, state, {
    lines: progressLines(action, buildModel(withTag(given), state.spec)),
    stream: body['stream'] !== false,
    done,
  });
}

function copy(exchange: Exchange, state: ServerState, body: JsonObject): void {
  const source = typeof body['source'] === 'string' ? body['source'] : '';
  const destination = typeof body['destination'] === 'string' ? body['destination'] : '';
  const model = findModel(state, source);
  if (model === undefined)
    return sendFailure(exchange, state, 'native', { status: 404, message: `model '${source}' not found` });
  state.addModel({ ...model, name: withTag(destination), loaded: false, modifiedAt: Date.now() });
  sendEmpty(exchange);
}

function progressLines(action: Action, model: { digest: string; sizeBytes: number }): JsonObject[] {
  const digest = `sha256:${model.digest}`;
  if (action === 'create') {
    return [
      { status: 'parsing GGUF' },
      { status: `using existing layer ${digest}` },
      { status: 'writing manifest' },
      { status: 'success' },
    ];
  }
  const verb = action === 'pull' ? 'pulling' : 'pushing';
  const total = model.sizeBytes;
  const layer = Array.from({ length: PROGRESS_STEPS }, (_, step) => ({
    status: `${verb} ${model.digest.slice(0, 12)}`,
    digest,
    total,
    ...(step === 0 ? {} : { completed: Math.round((total * step) / (PROGRESS_STEPS - 1)) }),
  }));
  const first = action === 'pull' ? { status: 'pulling manifest' } : { status: 'retrieving manifest' };
  const last =
    action === 'pull'
      ? [{ status: 'verifying sha256 digest' }, { status: 'writing manifest' }]
      : [{ status: 'pushing manifest' }];
  return [first, ...layer, ...last, { status: 'success' }];
}

interface Progress {
  readonly lines: readonly JsonObject[];
  readonly stream: boolean;
  /** Called after the last line. */
  readonly done: () => void;
}

/** Sends the progress line by line. The work stops when the client leaves. */
function sendProgress(exchange: Exchange, state: ServerState, { lines, stream, done }: Progress): void {
  let at = 0;
  let stop: () => void = () => undefined;
  const next = (): void => {
    const line = lines[at++];
    if (line === undefined) {
      done();
      if (stream) exchange.end();
      else sendJson(exchange, 200, { status: 'success' });
      return;
    }
    if (stream && !exchange.headSent) startStream(exchange, 'application/x-ndjson');
    if (stream) exchange.writeChunk(`${goJson(line)}\n`);
    stop = state.clock.after(PROGRESS_MS, next);
  };
  exchange.onClientLeft(() => stop());
  next();
}

/** Serves `POST /api/blobs/sha256:…`: reads the bytes and discards them. */
export async function receiveBlob(exchange: Exchange): Promise<void> {
  await exchange.body();
  send(exchange, 201, 'text/plain; charset=utf-8', '');
}
