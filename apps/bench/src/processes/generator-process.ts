import { fileURLToPath } from 'node:url';
import type { GeneratorMessage, GeneratorCommand, LoadReport, LoadSpec } from '../generator/load-spec.ts';
import { startPinned, type Child } from '../host/children.ts';
import { nextMessage } from './next-message.ts';

const START_DEADLINE_MS = 10_000;
/** The generator opens its window after 30 s at the latest. */
const OPEN_DEADLINE_MS = 35_000;
const STOP_DEADLINE_MS = 10_000;

/** Called when the generator reports the start and the end of the window. */
export interface WindowCallbacks {
  onStart(): void;
  onEnd(): void;
}

/** The controller's handle of the generator process. */
export class GeneratorProcess {
  readonly child: Child;

  private constructor(child: Child) {
    this.child = child;
  }

  static async start(core: number, outputFile: string): Promise<GeneratorProcess> {
    const main = fileURLToPath(new URL('../generator/main.ts', import.meta.url));
    const child = await startPinned({ core, command: [process.execPath, main], outputFile, ipc: true });
    const generator = new GeneratorProcess(child);
    await generator.#wait(START_DEADLINE_MS, 'ready');
    return generator;
  }

  /** Runs one load from start to end. Rejects when the generator exits or does not reply in time. */
  async run(spec: LoadSpec, window: WindowCallbacks): Promise<LoadReport> {
    const started = this.#wait(OPEN_DEADLINE_MS + spec.warmUpMs, 'window-start');
    this.#send({ kind: 'run', spec });
    await started;
    window.onStart();
    const { report } = await this.#wait(spec.windowMs + STOP_DEADLINE_MS, 'window-end');
    window.onEnd();
    const stopped = this.#wait(STOP_DEADLINE_MS, 'stopped');
    this.#send({ kind: 'stop' });
    await stopped;
    return report;
  }

  #send(command: GeneratorCommand): void {
    this.child.process.send(command);
  }

  #wait<K extends GeneratorMessage['kind']>(deadlineMs: number, kind: K) {
    type Wanted = Extract<GeneratorMessage, { kind: K }>;
    const isWanted = (message: GeneratorMessage): message is Wanted => message.kind === kind;
    return nextMessage(this.child, isWanted, { name: 'generator', deadlineMs });
  }
}
