import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BackendStats } from '../backend/backend-context.ts';
import type { BackendMessage } from '../backend/messages.ts';
import { startPinned, type Child } from '../host/children.ts';
import { nextMessage } from './next-message.ts';

const START_DEADLINE_MS = 10_000;
const REPLY_DEADLINE_MS = 5000;
const POLL_MS = 50;

type Listening = Extract<BackendMessage, { kind: 'listening' }>;
type Stats = Extract<BackendMessage, { kind: 'stats' }>;

/** The controller's handle of the backend process. */
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
    const wait = { name: 'backend', deadlineMs: START_DEADLINE_MS };
    const { port } = await nextMessage(child, isListening, wait);
    return new BackendProcess(child, port);
  }

  async stats(): Promise<BackendStats> {
    const isStats = (message: BackendMessage): message is Stats => message.kind === 'stats';
    const wait = { name: 'backend', deadlineMs: REPLY_DEADLINE_MS };
    const reply = nextMessage(this.child, isStats, wait);
    this.child.process.send('stats');
    return (await reply).stats;
  }

  /** Waits until no stream is open. Resolves with the number that still is when the deadline passes. */
  async waitForStreamsToClose(deadlineMs: number): Promise<number> {
    const untilMs = performance.now() + deadlineMs;
    for (;;) {
      const { openStreams } = await this.stats();
      if (openStreams === 0 || performance.now() >= untilMs) return openStreams;
      await delay(POLL_MS);
    }
  }
}
