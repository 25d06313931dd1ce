import type { Socket } from 'node:net';
import {
  JSON_MODEL,
  parseStreamModel,
  UPLOAD_MODEL,
  uploadReceipt,
  type StreamShape,
} from '../traffic/payloads.ts';
import { MessageReader, type MessageHead, type MessageSink } from '../wire/message-reader.ts';
import type { BackendContext } from './backend-context.ts';
import {
  CHUNKED_END,
  CHUNKED_EVENT,
  EMPTY_RESPONSE,
  FIRST_EVENT,
  JSON_RESPONSE,
  jsonResponse,
  NOT_FOUND,
} from './responses.ts';
import type { TimerWheelEntry } from './timer-wheel.ts';

const MODEL = /"model"\s*:\s*"([^"]{1,100})"/;
/** The bench sends `model` first in every body. A gateway that serialises the body again moves it only a little. */
const SCANNED_BYTES = 512;

/** One connection of the backend. It answers requests in order; the model in each decides the response. */
export class ServerConnection implements MessageSink, TimerWheelEntry {
  readonly #socket: Socket;
  readonly #context: BackendContext;
  readonly #reader = new MessageReader(this, 'request');
  #startLine = '';
  #bodyBytes = 0;
  #bodyStart = '';
  #stream: { shape: StreamShape; sent: number } | undefined;
  #closeAfterResponse = false;

  constructor(socket: Socket, context: BackendContext) {
    this.#socket = socket;
    this.#context = context;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    // One workload makes the gateway reset the connection. 'close' follows and counts it.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#onClose());
  }

  onHead(head: MessageHead): void {
    this.#startLine = head.startLine;
    this.#closeAfterResponse = head.connectionClose;
    this.#bodyBytes = 0;
    this.#bodyStart = '';
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    this.#bodyBytes += end - start;
    const missing = SCANNED_BYTES - this.#bodyStart.length;
    if (missing > 0) this.#bodyStart += bytes.toString('latin1', start, Math.min(end, start + missing));
  }

  onEnd(): void {
    this.#context.stats.requests += 1;
    if (this.#startLine.startsWith('GET '))
      this.#send(this.#context.responseToGet(this.#startLine) ?? NOT_FOUND);
    else if (this.#startLine.startsWith('POST /v1/traces ')) this.#acceptSpans();
    else this.#respond(MODEL.exec(this.#bodyStart)?.[1] ?? '');
  }

  /** Sends the next event of the stream. False when that was the last. */
  onTick(): boolean {
    const stream = this.#stream;
    if (stream === undefined) return false;
    if (this.#socket.writableLength > 1 << 20) return true;
    if (stream.sent < stream.shape.events) {
      stream.sent += 1;
      this.#socket.write(CHUNKED_EVENT);
      return true;
    }
    this.#stream = undefined;
    this.#context.stats.openStreams -= 1;
    this.#send(CHUNKED_END);
    return false;
  }

  #respond(model: string): void {
    const shape = parseStreamModel(model);
    if (shape !== undefined) this.#startStream(shape);
    else if (model === JSON_MODEL) this.#send(JSON_RESPONSE);
    else if (model === UPLOAD_MODEL) this.#send(jsonResponse(200, uploadReceipt(this.#bodyBytes)));
    else this.#send(NOT_FOUND);
  }

  /** The backend is also the OTLP collector of the variants with traces. */
  #acceptSpans(): void {
    this.#context.stats.spanBatches += 1;
    this.#send(EMPTY_RESPONSE);
  }

  #startStream(shape: StreamShape): void {
    this.#stream = { shape, sent: 1 };
    this.#context.stats.openStreams += 1;
    this.#socket.write(FIRST_EVENT);
    this.#context.timerWheel(shape.intervalMs).add(this);
  }

  #send(bytes: Buffer): void {
    if (this.#closeAfterResponse) this.#socket.end(bytes);
    else this.#socket.write(bytes);
  }

  #receive(bytes: Buffer): void {
    try {
      this.#reader.push(bytes);
    } catch {
      // The peer is one of the compared programs. Its client sees the closed connection and counts the error.
      this.#socket.destroy();
    }
  }

  #onClose(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#stream = undefined;
    this.#context.stats.openStreams -= 1;
    this.#context.stats.abortedStreams += 1;
    this.#context.timerWheel(stream.shape.intervalMs).remove(this);
  }
}
