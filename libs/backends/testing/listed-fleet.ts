import assert from 'node:assert/strict';
import { buildCatalog } from '@olla/core/catalog/build-catalog';
import { indexCatalog } from '@olla/core/catalog/index-catalog';
import { modelNames, type ConfiguredNames } from '@olla/core/catalog/model-names';
import { recordConnectionFailure } from '@olla/core/route-plan/breaker';
import { FleetLive } from '@olla/core/route-plan/fleet-live';
import { buildFleetView, type FleetView } from '@olla/core/route-plan/fleet-view';
import type { EndpointModel, EndpointSnapshot, EndpointState } from '@olla/core/snapshot';
import { answerForFleet, type ListingScope } from '../src/listings/answer-for-fleet.ts';
import type { ListingSource } from '../src/listings/listing-source.ts';
import { profileOf, type KnownBackendType } from '../src/table.ts';

/** A server in the state that the agent found. */
export interface Server {
  readonly name: string;
  readonly type: KnownBackendType;
  readonly state?: EndpointState;
  readonly drained?: boolean;
  readonly ejected?: boolean;
  readonly version?: string | null;
  readonly models: readonly EndpointModel[];
}

export type Fleet = ListingSource & { readonly view: FleetView };

/** A fleet of servers, ready for listings and plans. */
export function fleetOf(
  servers: readonly Server[],
  aliases: ConfiguredNames['aliases'] = {},
  fallbacks: ConfiguredNames['fallbacks'] = {},
): Fleet {
  const catalog = buildCatalog(
    servers.map(({ name, type, models }) => ({ endpoint: name, rules: profileOf(type).names, models })),
    null,
    1_795_392_610_000,
  );
  const names = modelNames(indexCatalog(catalog), { aliases, fallbacks });
  const drain = { by: 'ann', at: 1 };
  const view = buildFleetView({
    snapshot: {
      version: { token: 1, n: 1 },
      publishedAt: 1,
      agent: 'agent-1',
      endpoints: servers.map(snapshotOf),
      catalog,
    },
    endpoints: servers.map(({ name, type }) => ({ name, key: name, type, priority: 100, weight: 1 })),
    control: {
      drained: Object.fromEntries(servers.filter(({ drained }) => drained).map(({ name }) => [name, drain])),
    },
    names,
    live: new FleetLive(0),
    concurrencyOf: () => 1,
  });
  servers.forEach(({ ejected }, i) => {
    const breaker = view.endpoints[i]?.live.breaker;
    if (ejected && breaker !== undefined)
      recordConnectionFailure(breaker, { reason: 'connection refused', startedAt: 1 }, 1);
  });
  return { models: catalog.models, endpoints: view.endpoints, names, view };
}

function snapshotOf({ name, type, state = 'healthy', version = null }: Server): EndpointSnapshot {
  return {
    name,
    key: name,
    type,
    state,
    reason: '',
    since: 0,
    checkedAt: 1,
    nextCheckAt: 2,
    checkLatencyMs: 1,
    modelsAt: 1_795_392_600_000,
    listedAfterRefresh: 0,
    load: null,
    serverVersion: version,
  };
}

/** An entry of a list. */
export type Entry = Readonly<Record<string, unknown>>;

/** A server with this list. @param further its response at the path of the type's further list */
export function server(type: KnownBackendType, name: string, list: unknown, further?: unknown): Server {
  const { readModels, furtherList } = profileOf(type);
  const { models } = readModels(list);
  return { name, type, models: furtherList === null ? models : furtherList.merge(models, further) };
}

/** The entries of a list of the fleet. */
export function entriesAt(fleet: Fleet, scope: ListingScope, path: string): Entry[] {
  const answer = answerForFleet(scope, path, fleet);
  assert.ok(answer?.found && typeof answer.body === 'object', path);
  const body = answer.body as { data?: Entry[]; models?: Entry[] };
  return body.data ?? body.models ?? [];
}

/** One model of the fleet. */
export function entryAt(fleet: Fleet, scope: ListingScope, path: string): Entry {
  const answer = answerForFleet(scope, path, fleet);
  assert.ok(answer?.found && typeof answer.body === 'object', path);
  return answer.body as Entry;
}
