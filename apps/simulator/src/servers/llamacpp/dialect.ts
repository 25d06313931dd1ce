import type { JobStats } from '../../engine/job.ts';
import type { GenerationRequest } from '../../text/generation-request.ts';
import type { ModelOutput } from '../../text/model-output.ts';

/** The values that the objects of one response are made of. */
export interface ResponseContext {
  readonly request: GenerationRequest;
  readonly output: ModelOutput;
  /** The model's alias. */
  readonly model: string;
  /** Seconds since the epoch. */
  readonly created: number;
  readonly timeScale: number;
  readonly random: () => number;
}

/** How one API of llama.cpp frames its responses. */
export interface Dialect {
  /** The body of a whole response. */
  whole(context: ResponseContext, stats: JobStats): unknown;
  stream(context: ResponseContext): StreamWriter;
}

/** Makes the text of a stream's HTTP chunks. */
export interface StreamWriter {
  token(piece: string, index: number): string;
  /** The chunks after the last token. */
  end(stats: JobStats): string[];
}
