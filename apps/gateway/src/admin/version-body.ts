import { arch, platform } from 'node:os';
import type { BuildInfo } from '@olla/admin-api/build-info';
import type { VersionBody } from '@olla/admin-api/schema/version';
import { PROFILES } from '@olla/backends/table';

/** A build's commit, in the original's word where it is not known. */
export function shownCommit({ commit }: BuildInfo): string {
  return commit ?? 'none';
}

/** GET /version */
export function versionBody(build: BuildInfo): VersionBody {
  return {
    name: 'Olla',
    version: build.version,
    edition: 'Community',
    description: 'One address for a fleet of self-hosted LLM servers',
    api: {
      version: 'v1',
      endpoints: {
        health: '/internal/health',
        process: '/internal/process',
        status: '/internal/status',
        version: '/version',
        openapi: '/internal/openapi.json',
      },
    },
    build: {
      commit: shownCommit(build),
      date: build.builtAt ?? 'unknown',
      platform: `${platform()}/${arch()}`,
      node_version: process.version,
    },
    capabilities: [
      'load_balancing',
      'health_checking',
      'rate_limiting',
      'model_unification',
      'endpoint_discovery',
    ],
    capabilities_experimental: [],
    supported_backends: PROFILES.map(({ versionName }) => versionName),
  };
}
