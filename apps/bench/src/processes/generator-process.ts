import { fileURLToPath } from 'node:url';
import { startPinned, type Child } from '../host/children.ts';
import type { GeneratorMessage, GeneratorOrder, LoadReport, LoadSpec } from '../generator/load-spec.ts';
import { nextMessage } from './next-message.ts';

const START_DEADLINE_MS = 10_000;
/** Opening every stream takes at most 30 s by the generator's own clock. */
const OPEN_DEADLINE_MS = 35_000;
const STOP_DEADLINE_MS = 10_000;

/** What to do at the edges of the window; both are called as soon as the generator tells. */
export interface WindowEdges {
  onStart(): void;
  onEnd(): void;
}

/** The generator's process, seen from the controller. */
export class GeneratorProcess {
  readonly child: Child;

  private constructor(child: Child) {
    this.child = child;
  }

  static async start(core: number, outputFile: string): Promise<GeneratorProcess> {
    const main = fileURLToPath(new URL('../generator/main.ts', import.meta.url));
    const child = await startPinned({ core, command: [process.execPath, main], outputFile, ipc: true });
    await nextMessage<GeneratorMessage>(
      child,
      'generator',
      START_DEADLINE_MS,
      ({ kind }) => kind === 'ready',
    );
    return new GeneratorProcess(child);
  }

  /** Runs one load from start to end. Rejects when the generator dies or does not answer in time. */
  async run(spec: LoadSpec, edges: WindowEdges): Promise<LoadReport> {
    const started = this.#wait(OPEN_DEADLINE_MS + spec.warmUpMs, 'window-start');
    this.#order({ kind: 'run', spec });
    await started;
    edges.onStart();
    const { report } = await this.#wait(spec.windowMs + STOP_DEADLINE_MS, 'window-end');
    edges.onEnd();
    const stopped = this.#wait(STOP_DEADLINE_MS, 'stopped');
    this.#order({ kind: 'stop' });
    await stopped;
    return report;
  }

  #order(order: GeneratorOrder): void {
    this.child.process.send(order);
  }

  #wait<K extends GeneratorMessage['kind']>(deadlineMs: number, kind: K) {
    type Wanted = Extract<GeneratorMessage, { kind: K }>;
    const isWanted = (message: GeneratorMessage): message is Wanted => message.kind === kind;
    return nextMessage(this.child, 'generator', deadlineMs, isWanted);
  }
}
