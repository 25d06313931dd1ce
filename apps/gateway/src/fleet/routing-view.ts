import { DEFAULT_PROFILE, profileOrDefault } from '@olla/backends/table';
import { isRestricting } from '@olla/config/glob';
import { indexCatalog } from '@olla/core/catalog/index-catalog';
import { modelNames, type ConfiguredNames, type ModelNames } from '@olla/core/catalog/model-names';
import type { FleetLive } from '@olla/core/route-plan/fleet-live';
import { buildFleetView, type FleetView } from '@olla/core/route-plan/fleet-view';
import { compareVersions, type Snapshot } from '@olla/core/snapshot';
import type { Control, ControlPort } from '@olla/state/ports/control';
import type { SnapshotPort } from '@olla/state/ports/snapshots';
import type { Ejections } from './ejections.ts';
import type { Endpoints } from './endpoints.ts';
import type { ModelChanges } from './model-changes.ts';

export interface RoutingViewOptions {
  readonly endpoints: Endpoints;
  readonly configuredNames: ConfiguredNames;
  readonly live: FleetLive;
  readonly ejections: Pick<Ejections, 'applyChecks'>;
  readonly changes: Pick<ModelChanges, 'onChange' | 'settle' | 'applyTo'>;
  readonly state: {
    readonly snapshots: Pick<SnapshotPort, 'onSnapshot'>;
    readonly control: Pick<ControlPort, 'onControl'>;
  };
  /** The data at the start. */
  readonly snapshot: Snapshot | null;
  readonly control: Control;
}

/**
 * The data for planning requests. It is made again with each newer snapshot, each decision of an operator, and each
 * change of models by a call.
 */
export class RoutingView {
  readonly #options: RoutingViewOptions;
  readonly #unsubscribe: (() => void)[];
  #fleet: FleetView;
  #names: ModelNames;
  /** The newest snapshot as the agent published it, and the same with the changes in force. */
  #published: Snapshot | null = null;
  #snapshot: Snapshot | null = null;
  #control: Control;

  constructor(options: RoutingViewOptions) {
    this.#options = options;
    this.#control = options.control;
    this.#names = modelNames(indexCatalog({ revision: 0, models: [] }), options.configuredNames);
    this.#fleet = this.#build();
    if (options.snapshot !== null) this.#take(options.snapshot);
    this.#unsubscribe = [
      options.state.snapshots.onSnapshot((newer) => this.#take(newer)),
      options.state.control.onControl((changed) => {
        this.#control = changed;
        this.#fleet = this.#build();
      }),
    ];
    options.changes.onChange(() => {
      if (this.#published === null) return;
      // The list that checks a removal may be here before it.
      options.changes.settle(this.#published);
      this.#adopt(this.#published, false);
    });
  }

  get fleet(): FleetView {
    return this.#fleet;
  }

  /** The meanings of the names of models. */
  get names(): ModelNames {
    return this.#names;
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
    const before = this.#published;
    if (before !== null && compareVersions(snapshot.version, before.version) <= 0) return;
    const { changes, ejections } = this.#options;
    const isCatalogKnown =
      before !== null &&
      before.catalog.revision === snapshot.catalog.revision &&
      before.version.token === snapshot.version.token;
    const isSettled = changes.settle(snapshot);
    this.#adopt(snapshot, isCatalogKnown && !isSettled);
    ejections.applyChecks(this.#fleet);
  }

  /** @param isCatalogKnown neither the catalog nor the changes to it differ from before */
  #adopt(snapshot: Snapshot, isCatalogKnown: boolean): void {
    const known = isCatalogKnown ? this.#snapshot : null;
    this.#published = snapshot;
    const catalog = known?.catalog ?? this.#options.changes.applyTo(snapshot);
    this.#snapshot = { ...snapshot, catalog };
    if (known === null) this.#names = modelNames(indexCatalog(catalog), this.#options.configuredNames);
    this.#fleet = this.#build();
  }

  #build(): FleetView {
    const { endpoints, live } = this.#options;
    return buildFleetView({
      snapshot: this.#snapshot,
      endpoints: endpoints.list.map(({ name, key, settings }) => ({
        name,
        key,
        type: settings.type === 'auto' ? DEFAULT_PROFILE.type : settings.type,
        priority: settings.priority,
        weight: settings.weight,
        hasModelFilter: isRestricting(settings.model_filter),
      })),
      control: this.#control,
      names: this.#names,
      live,
      concurrencyOf: (type) => profileOrDefault(type).defaultConcurrency,
    });
  }
}
