import type { JobStats } from '../../physics/job.ts';
import type { Answer } from '../../text/answer.ts';
import type { Ask, Body } from '../../text/ask.ts';

/** What a dialect's answers are made of. */
export interface Reply {
  readonly ask: Ask;
  readonly answer: Answer;
  readonly body: Body;
  /** The model's alias. */
  readonly model: string;
  readonly created: number;
  readonly timeScale: number;
  readonly random: () => number;
}

/** How one API of llama.cpp frames an answer. */
export interface Dialect {
  whole(reply: Reply, stats: JobStats): unknown;
  /** The stream's writer; each text it returns is one HTTP chunk, an empty one none. */
  stream(reply: Reply): {
    token(piece: string, index: number): string;
    /** The chunks after the last token. */
    end(stats: JobStats): string[];
  };
}
