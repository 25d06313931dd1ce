import { compareVersions } from '@olla/core/snapshot';
import type { Snapshot, SnapshotVersion } from '@olla/core/snapshot';
import { Listeners } from '../listeners.ts';
import { NO_VERSION } from '../port.ts';
import type * as port from '../port.ts';
import { Unpacker } from './protocol.ts';
import type { PackedSnapshot, Topic } from './protocol.ts';

/** What the hub pushes to a member: keeps the newest of each topic and calls the listeners. */
export class Inbox {
  readonly topics = {
    snapshot: new Listeners<Snapshot>(),
    ejection: new Listeners<port.Ejection>(),
    sessions: new Listeners<readonly port.SessionPlacement[]>(),
    inFlight: new Listeners<ReadonlyMap<string, number>>(),
    event: new Listeners<port.StateEvent>(),
    control: new Listeners<port.Control>(),
    recall: new Listeners<string>(),
    health: new Listeners<port.StateHealth>(),
  };
  peers: port.Peers = { gateways: 1, workers: 1 };
  health: port.StateHealth = { connected: true, since: Date.now(), outages: 0, latencyMs: null, detail: '' };
  newest: SnapshotVersion = NO_VERSION;
  controlRevision = 0;
  readonly #unpacker = new Unpacker();
  readonly #others = new Map<string, number>();

  receive(topic: Topic, body: unknown): void {
    if (topic === 'snapshot') this.#receiveSnapshot(body as PackedSnapshot);
    else if (topic === 'inFlight') this.#receiveOthers(body as Record<string, number>);
    else if (topic === 'ejection') this.topics.ejection.call(body as port.Ejection);
    else if (topic === 'sessions') this.topics.sessions.call(body as port.SessionPlacement[]);
    else if (topic === 'event') this.topics.event.call(body as port.StateEvent);
    else if (topic === 'recall') this.topics.recall.call(body as string);
    else if (topic === 'peers') this.peers = body as port.Peers;
    else if (topic === 'health') this.changeHealth(body as port.StateHealth);
    else if (topic === 'control') {
      const control = body as port.Control;
      if (control.revision <= this.controlRevision) return;
      this.controlRevision = control.revision;
      this.topics.control.call(control);
    }
  }

  unpack(packed: PackedSnapshot): Snapshot | null {
    return this.#unpacker.unpack(packed);
  }

  changeHealth(health: port.StateHealth): void {
    this.health = health;
    this.topics.health.call(health);
  }

  #receiveSnapshot(packed: PackedSnapshot): void {
    const snapshot = this.unpack(packed);
    // Without its catalog it is useless; the next heartbeat shows the hub that it is missing here.
    if (snapshot === null || compareVersions(snapshot.version, this.newest) <= 0) return;
    this.newest = snapshot.version;
    this.topics.snapshot.call(snapshot);
  }

  #receiveOthers(changes: Record<string, number>): void {
    for (const [key, count] of Object.entries(changes)) {
      if (count === 0) this.#others.delete(key);
      else this.#others.set(key, count);
    }
    this.topics.inFlight.call(new Map(this.#others));
  }
}
