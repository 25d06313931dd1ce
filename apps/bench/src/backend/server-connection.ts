import type { Socket } from 'node:net';
import { MessageReader, type MessageHead, type MessageSink } from '../wire/message-reader.ts';
import {
  JSON_MODEL,
  streamShapeOf,
  UPLOAD_MODEL,
  uploadAnswer,
  type StreamShape,
} from '../traffic/payloads.ts';
import type { BackendContext } from './context.ts';
import type { Paced } from './paced-wheel.ts';
import {
  CHUNKED_END,
  CHUNKED_EVENT,
  EMPTY_RESPONSE,
  FIRST_EVENT,
  JSON_RESPONSE,
  jsonResponse,
  NOT_FOUND,
} from './responses.ts';

const MODEL = /"model"\s*:\s*"([^"]{1,100})"/;
/** `model` stands at the front of every body the bench sends; a gateway may re-serialise it, but not far. */
const SCANNED_BYTES = 512;

/** One connection of the backend: answers requests in order, as the model in each asks. */
export class ServerConnection implements MessageSink, Paced {
  readonly #socket: Socket;
  readonly #context: BackendContext;
  readonly #reader = new MessageReader(this, 'request');
  #startLine = '';
  #bodyBytes = 0;
  #bodyStart = '';
  #stream: { shape: StreamShape; sent: number } | undefined;
  #closeAfterAnswer = false;

  constructor(socket: Socket, context: BackendContext) {
    this.#socket = socket;
    this.#context = context;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    // A reset by the gateway is one of the workloads; 'close' follows and does the counting.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#closed());
  }

  onHead(head: MessageHead): void {
    this.#startLine = head.startLine;
    this.#closeAfterAnswer = head.connectionClose;
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
    if (this.#startLine.startsWith('GET ')) this.#send(this.#context.answerGet(this.#startLine) ?? NOT_FOUND);
    else if (this.#startLine.startsWith('POST /v1/traces ')) this.#takeSpans();
    else this.#answerModel(MODEL.exec(this.#bodyStart)?.[1] ?? '');
  }

  /** Sends the stream's next event; false when that was the last. */
  beat(): boolean {
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

  #answerModel(model: string): void {
    const shape = streamShapeOf(model);
    if (shape !== undefined) this.#startStream(shape);
    else if (model === JSON_MODEL) this.#send(JSON_RESPONSE);
    else if (model === UPLOAD_MODEL) this.#send(jsonResponse(200, uploadAnswer(this.#bodyBytes)));
    else this.#send(NOT_FOUND);
  }

  /** The backend is the collector of the variants with traces too. */
  #takeSpans(): void {
    this.#context.stats.spanBatches += 1;
    this.#send(EMPTY_RESPONSE);
  }

  #startStream(shape: StreamShape): void {
    this.#stream = { shape, sent: 1 };
    this.#context.stats.openStreams += 1;
    this.#socket.write(FIRST_EVENT);
    this.#context.wheelOf(shape.intervalMs).add(this);
  }

  #send(bytes: Buffer): void {
    if (this.#closeAfterAnswer) this.#socket.end(bytes);
    else this.#socket.write(bytes);
  }

  #receive(bytes: Buffer): void {
    try {
      this.#reader.push(bytes);
    } catch {
      // Malformed: the peer is one of the compared programs, so its client sees the error and counts it.
      this.#socket.destroy();
    }
  }

  #closed(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#stream = undefined;
    this.#context.stats.openStreams -= 1;
    this.#context.stats.abortedStreams += 1;
    this.#context.wheelOf(stream.shape.intervalMs).remove(this);
  }
}
