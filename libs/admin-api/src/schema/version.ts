import { z } from 'zod';

/** GET /version */
export const versionSchema = z.strictObject({
  name: z.string(),
  version: z.string(),
  edition: z.string(),
  description: z.string(),
  api: z.strictObject({ version: z.string(), endpoints: z.record(z.string(), z.string()) }),
  build: z.strictObject({
    /** Hash of the commit, with `-dirty` at its end if the files differed from it; `none` if it is not known. */
    commit: z.string(),
    /** ISO 8601; `unknown` if the source runs without a build. */
    date: z.string(),
    platform: z.string(),
    node_version: z.string(),
  }),
  capabilities: z.array(z.string()),
  capabilities_experimental: z.array(z.string()),
  supported_backends: z.array(z.string()),
});
export type VersionBody = z.infer<typeof versionSchema>;
