import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BackendStats } from '../backend/context.ts';
import type { BackendMessage } from '../backend/messages.ts';
import { startPinned, type Child } from '../host/children.ts';
import { nextMessage } from './next-message.ts';

const START_DEADLINE_MS = 10_000;
const ANSWER_DEADLINE_MS = 5000;
const POLL_MS = 50;

type Listening = Extract<BackendMessage, { kind: 'listening' }>;
type Stats = Extract<BackendMessage, { kind: 'stats' }>;

/** The backend's process, seen from the controller. */
export class BackendProcess {
  readonly child: Child;
  readonly port: number;

  private constructor(child: Child, port: number) {
    this.child = child;
    this.port = port;
  }

  static async start(core: number, outputFile: string, models: readonly string[]): Promise<BackendProcess> {
    const main = fileURLToPath(new URL('../backend/main.ts', import.meta.url));
    const command = [process.execPath, main, JSON.stringify(models)];
    const child = await startPinned({ core, command, outputFile, ipc: true });
    const isListening = (message: BackendMessage): message is Listening => message.kind === 'listening';
    const { port } = await nextMessage(child, 'backend', START_DEADLINE_MS, isListening);
    return new BackendProcess(child, port);
  }

  async stats(): Promise<BackendStats> {
    const isStats = (message: BackendMessage): message is Stats => message.kind === 'stats';
    const answer = nextMessage(this.child, 'backend', ANSWER_DEADLINE_MS, isStats);
    this.child.process.send('stats');
    return (await answer).stats;
  }

  /** How many streams are still open once their clients have been gone for the given time. */
  async streamsLeftOpen(deadlineMs: number): Promise<number> {
    const untilMs = performance.now() + deadlineMs;
    for (;;) {
      const { openStreams } = await this.stats();
      if (openStreams === 0 || performance.now() >= untilMs) return openStreams;
      await delay(POLL_MS);
    }
  }
}
