import { DEFAULT_PROFILE, profileOrDefault } from '@olla/backends/table';
import type { Settings } from '@olla/config/schema';
import { indexCatalog, type ModelIndex } from '@olla/core/catalog/index-catalog';
import type { FleetLive } from '@olla/core/route-plan/fleet-live';
import { buildFleetView, type FleetView } from '@olla/core/route-plan/fleet-view';
import { compareVersions, type Snapshot } from '@olla/core/snapshot';
import type { Control, ControlPort } from '@olla/state/ports/control';
import type { SnapshotPort } from '@olla/state/ports/snapshots';
import type { Ejections } from './ejections.ts';
import type { Endpoints } from './endpoints.ts';

export interface RoutingViewOptions {
  readonly endpoints: Endpoints;
  readonly aliases: Settings['model_aliases'];
  readonly live: FleetLive;
  readonly ejections: Pick<Ejections, 'applyChecks'>;
  readonly state: {
    readonly snapshots: Pick<SnapshotPort, 'onSnapshot'>;
    readonly control: Pick<ControlPort, 'onControl'>;
  };
  /** What is known at the start. */
  readonly snapshot: Snapshot | null;
  readonly control: Control;
}

/** What requests are planned on: made anew with each newer snapshot, and with what operators decide. */
export class RoutingView {
  readonly #options: RoutingViewOptions;
  readonly #unsubscribe: (() => void)[];
  #fleet: FleetView;
  #models: ModelIndex = { find: () => undefined };
  #snapshot: Snapshot | null = null;
  #control: Control;

  constructor(options: RoutingViewOptions) {
    this.#options = options;
    this.#control = options.control;
    this.#fleet = this.#build();
    if (options.snapshot !== null) this.#take(options.snapshot);
    this.#unsubscribe = [
      options.state.snapshots.onSnapshot((newer) => this.#take(newer)),
      options.state.control.onControl((changed) => {
        this.#control = changed;
        this.#fleet = this.#build();
      }),
    ];
  }

  get fleet(): FleetView {
    return this.#fleet;
  }

  /** Finds models by any of their names. */
  get models(): ModelIndex {
    return this.#models;
  }

  /** Null before the first. */
  get snapshot(): Snapshot | null {
    return this.#snapshot;
  }

  get control(): Control {
    return this.#control;
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  #take(snapshot: Snapshot): void {
    const before = this.#snapshot;
    if (before !== null && compareVersions(snapshot.version, before.version) <= 0) return;
    this.#snapshot = snapshot;
    const isCatalogKnown =
      before !== null &&
      before.catalog.revision === snapshot.catalog.revision &&
      before.version.token === snapshot.version.token;
    if (!isCatalogKnown) this.#models = indexCatalog(snapshot.catalog);
    this.#fleet = this.#build();
    this.#options.ejections.applyChecks(this.#fleet);
  }

  #build(): FleetView {
    const { endpoints, aliases, live } = this.#options;
    return buildFleetView({
      snapshot: this.#snapshot,
      endpoints: endpoints.list.map(({ name, key, settings }) => ({
        name,
        key,
        type: settings.type === 'auto' ? DEFAULT_PROFILE.type : settings.type,
        priority: settings.priority,
        weight: settings.weight,
      })),
      control: this.#control,
      models: this.#models,
      live,
      concurrencyOf: (type) => profileOrDefault(type).defaultConcurrency,
      aliases,
    });
  }
}
